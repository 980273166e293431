"""Small databases in the schemas of RelBench's rel-hm and rel-salt, with effects that are known."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

Tables = dict[str, pl.DataFrame]

HM_FIRST = datetime(2019, 9, 7)
HM_DAYS = 382
ARTICLE_NAMES = {
    "product_type_name": ("product_type_no", ["Dress", "Sweater", "Trousers"]),
    "graphical_appearance_name": ("graphical_appearance_no", ["Solid", "Stripe"]),
    "colour_group_name": ("colour_group_code", ["Black", "White", "Light Blue"]),
    "perceived_colour_value_name": ("perceived_colour_value_id", ["Dark", "Light"]),
    "perceived_colour_master_name": ("perceived_colour_master_id", ["Black", "Blue", "White"]),
    "department_name": ("department_no", ["Jersey", "Knitwear", "Woven"]),
    "index_name": ("index_code", ["Ladieswear", "Menswear"]),
    "index_group_name": ("index_group_no", ["Ladieswear", "Menswear"]),
    "section_name": ("section_no", ["Womens Casual", "Mens Casual"]),
    "garment_group_name": ("garment_group_no", ["Jersey Fancy", "Knitwear"]),
}
# What customers 0 to 2 do, and what articles 0 and 1 are sold for: day, customer, article, price.
HM_KNOWN = [
    ("2019-09-09", 1, 1, 0.06),
    ("2020-08-31", 1, 0, 0.02),
    ("2020-09-01", 2, 0, 0.03),
    ("2020-09-07", 0, 0, 0.01),
    ("2020-09-10", 2, 0, 0.05),
    ("2020-09-10", 2, 0, 0.05),  # two of it in one basket
    ("2020-09-14", 0, 0, 0.04),
]
HM_UNSOLD = 2
"""An article that nobody buys."""


def hm_tables(seed: int, customers: int = 80, articles: int = 30) -> Tables:
    """Articles, customers and their transactions, 2019-09-07 to 2020-09-22.

    Customers who are sent news regularly buy 1.2 times a week and all others 0.25 times. An article
    of Ladieswear costs about 0.04, one of Menswear about 0.02. Customers 0 to 2 and articles 0 to 2
    do nothing but what `HM_KNOWN` says.

    Parameters
    ----------
    seed
        Of the generator.
    customers, articles
        How many there are, more than 3 each.
    """
    rng = np.random.default_rng(seed)
    article: dict[str, object] = {
        "article_id": np.arange(articles),
        "product_code": rng.integers(100_000, 999_999, articles),
        "prod_name": [f"article {k}" for k in range(articles)],
        "product_group_name": rng.choice(["Garment Upper body", "Garment Lower body"], articles),
        "detail_desc": None,
    }
    for name, (code, labels) in ARTICLE_NAMES.items():
        place = rng.integers(0, len(labels), articles)
        article |= {code: place + 1000, name: np.array(labels)[place]}
    regular = rng.random(customers) < 0.5
    known_age = rng.random(customers) < 0.9
    customer = {
        "customer_id": np.arange(customers),
        "FN": pl.Series(np.where(regular, 1.0, np.nan)),
        "Active": pl.Series(np.where(rng.random(customers) < 0.3, 1.0, np.nan)),
        "club_member_status": rng.choice(["ACTIVE", "PRE-CREATE"], customers),
        "fashion_news_frequency": np.where(regular, "Regularly", "NONE"),
        "age": pl.Series(rng.integers(17, 80, customers).astype(float)).set(
            pl.Series(~known_age), None
        ),
        "postal_code": [f"{k:064x}" for k in range(customers)],
    }
    baskets = rng.poisson(np.where(regular, 1.2, 0.25) * HM_DAYS / 7)
    baskets[:3] = 0
    buyer = np.repeat(np.arange(customers), baskets)
    what = rng.integers(3, articles, len(buyer))
    ladies = np.array(article["index_group_name"])[what] == "Ladieswear"
    bought = pl.DataFrame(
        {
            "t_dat": [
                HM_FIRST + timedelta(days=int(d)) for d in rng.integers(0, HM_DAYS, len(buyer))
            ],
            "customer_id": buyer,
            "article_id": what,
            "price": np.where(ladies, 0.04, 0.02) * rng.lognormal(0, 0.1, len(buyer)),
            "sales_channel_id": rng.integers(1, 3, len(buyer)),
        }
    )
    known = pl.DataFrame(
        [(datetime.fromisoformat(day), *rest, 2) for day, *rest in HM_KNOWN],
        schema=bought.schema,
        orient="row",
    )
    transactions = pl.concat([bought, known]).sort("t_dat", maintain_order=True)
    return {
        "article": pl.DataFrame(article),
        "customer": pl.DataFrame(customer, nan_to_null=True),
        "transactions": transactions.with_columns(pl.col("t_dat").cast(pl.Datetime("ns"))),
    }


COUNTRIES = ("DE", "KR", "US")
# When the first documents came, and the plant of their items.
SALT_KNOWN = {
    "2019-12-31 08:00:00": 0,
    "2020-01-31 23:59:59": 1,
    "2020-02-01 00:00:00": 2,
    "2020-06-30 23:59:59": 0,
    "2020-07-01 00:00:00": 1,
}


def salt_tables(seed: int, documents: int = 600, customers: int = 40) -> Tables:
    """Sales documents of 2018 to 2020 with their items, customers and addresses.

    A plant delivers to the country of the customer to whom it is shipped, save that one item in
    ten comes from any plant. The shipping point is the plant's own: a copy of what is predicted.
    The office is that of the sales organization, and its group is one of two in it. All items of
    the document that came at a time of `SALT_KNOWN` come from the plant that stands there.

    Parameters
    ----------
    seed
        Of the generator.
    documents, customers
        How many there are.
    """
    rng = np.random.default_rng(seed)
    country = rng.integers(0, len(COUNTRIES), customers)
    seconds = int(timedelta(days=3 * 365).total_seconds())
    drawn = rng.integers(0, seconds, documents - len(SALT_KNOWN))
    known = [datetime.fromisoformat(moment) for moment in SALT_KNOWN]
    times = sorted([*known, *(datetime(2018, 1, 1) + timedelta(seconds=int(s)) for s in drawn)])
    organization = rng.integers(0, 3, documents)
    incoterms = rng.integers(0, 4, documents)
    salesdocument = {
        "SALESDOCUMENT": np.arange(documents),
        "SALESDOCUMENTTYPE": rng.choice(["TA", "ZOR"], documents),
        "SALESORGANIZATION": np.array(["0010", "0020", "0030"])[organization],
        "DISTRIBUTIONCHANNEL": rng.choice(["10", "20"], documents),
        "ORGANIZATIONDIVISION": np.repeat("00", documents),
        "BILLINGCOMPANYCODE": np.array(["C1", "C2", "C3"])[organization],
        "TRANSACTIONCURRENCY": rng.choice(["EUR", "KRW", "USD"], documents),
        "SALESOFFICE": organization,
        "SALESGROUP": 2 * organization + rng.integers(0, 2, documents),
        "CUSTOMERPAYMENTTERMS": rng.integers(0, 3, documents),
        "SHIPPINGCONDITION": rng.integers(0, 3, documents),
        "HEADERINCOTERMSCLASSIFICATION": incoterms,
        "CREATIONTIMESTAMP": pl.Series(times, dtype=pl.Datetime("ns")),
    }
    sizes = rng.integers(1, 5, documents)
    document = np.repeat(np.arange(documents), sizes)
    sold_to = rng.integers(0, customers, documents)[document]
    plant = np.where(
        rng.random(len(document)) < 0.9, country[sold_to], rng.integers(0, 3, len(document))
    )
    for moment, there in zip(known, SALT_KNOWN.values(), strict=True):
        plant[document == times.index(moment)] = there
    item = {
        "ID": np.arange(len(document)),
        "SALESDOCUMENT": document,
        "SALESDOCUMENTITEM": [f"{10 * k:06d}" for size in sizes for k in range(1, size + 1)],
        "SALESDOCUMENTITEMCATEGORY": rng.choice(["TAN", "TANN"], len(document)),
        "PRODUCT": [f"P{k:03d}" for k in rng.integers(0, 25, len(document))],
        "SOLDTOPARTY": sold_to,
        "SHIPTOPARTY": sold_to,
        "BILLTOPARTY": sold_to,
        "PAYERPARTY": rng.integers(0, customers, len(document)),
        "PLANT": plant,
        "SHIPPINGPOINT": plant + 7,
        "ITEMINCOTERMSCLASSIFICATION": incoterms[document],
        "CREATIONTIMESTAMP": salesdocument["CREATIONTIMESTAMP"].gather(document),
    }
    regions = np.array(["north", "south"])
    return {
        "address": pl.DataFrame(
            {
                "ADDRESSID": np.arange(customers),
                "COUNTRY": np.array(COUNTRIES)[country],
                "REGION": regions[rng.integers(0, 2, customers)],
            }
        ),
        "customer": pl.DataFrame(
            {"CUSTOMER": np.arange(customers), "ADDRESSID": np.arange(customers)}
        ),
        "salesdocument": pl.DataFrame(salesdocument),
        "salesdocumentitem": pl.DataFrame(item),
    }


def write_database(tables: Tables, folder: Path) -> Path:
    """Write tables as RelBench does: a Parquet file each, in a folder ``db``, which is returned."""
    place = folder / "db"
    place.mkdir(parents=True)
    for name, frame in tables.items():
        frame.write_parquet(place / f"{name}.parquet")
    return place
