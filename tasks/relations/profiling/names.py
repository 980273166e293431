"""What names of tables and columns say: their words, and which table a column seems to point to."""

import re

WORDS = re.compile(r"[^\W\d_a-z]+(?![a-z])|[^\W\d_a-z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
KEY_WORDS = frozenset(
    {"id", "ids", "key", "code", "no", "nr", "num", "number", "uid", "uuid", "guid", "upc", "sku"}
    | {"fk", "pk", "sk", "ref"}
)
"""Words that a name of a key ends with."""


def words_of(name: str) -> tuple[str, ...]:
    """Words of a name in lower case, as camel case and punctuation part them.

    Examples
    --------
    >>> words_of("OwnerUserID"), words_of("coupon_upc"), words_of("주문번호")
    (('owner', 'user', 'id'), ('coupon', 'upc'), ('주문번호',))
    """
    return tuple(word.lower() for word in WORDS.findall(name))


def singular(word: str) -> str:
    """An English noun's singular, near enough to compare names.

    Examples
    --------
    >>> [singular(word) for word in ("categories", "boxes", "users", "status", "pass", "series")]
    ['category', 'box', 'user', 'status', 'pass', 'series']
    """
    if word.endswith("ies") and len(word) > 4 and word != "series":
        return f"{word[:-3]}y"
    if re.search(r"(s|x|z|ch|sh)es$", word) and len(word) > 4:
        return word[:-2]
    if word.endswith("s") and not re.search(r"(s|u|i)s$", word) and word != "series":
        return word[:-1]
    return word


def stem_of(name: str) -> tuple[str, ...]:
    """Words of a name in the singular, less those at its end that all keys share.

    Examples
    --------
    >>> stem_of("SizeUnitMeasureCode"), stem_of("Users"), stem_of("Id")
    (('size', 'unit', 'measure'), ('user',), ())
    """
    words = [singular(word) for word in words_of(name)]
    while words and words[-1] in KEY_WORDS:
        words.pop()
    return tuple(words)


def sounds_like_key(name: str) -> bool:
    """Whether a name ends as those of keys do."""
    words = words_of(name)
    return bool(words) and words[-1] in KEY_WORDS


def name_match(column: str, table: str, key: str) -> int:
    """How well a column's name says that it holds the key of a table; 0 where it does not.

    Parameters
    ----------
    column
        That may be a foreign key.
    table, key
        Table that it may point to, and its primary key.

    Returns
    -------
    int
        Number of words in which the names agree.

    Examples
    --------
    >>> name_match("OwnerUserId", "Users", "Id"), name_match("PostTypeId", "Posts", "Id")
    (1, 0)
    >>> name_match("PurchaseOrderID", "PurchaseOrderHeader", "PurchaseOrderID")
    3
    """
    if words_of(column) == words_of(key) and stem_of(key):
        return len(words_of(key))
    column_stem = stem_of(column)
    stems = {tuple(singular(word) for word in words_of(table)), stem_of(table), stem_of(key)}
    ends = (stem for stem in stems if stem and column_stem[-len(stem) :] == stem)
    return max((len(stem) for stem in ends), default=0)
