"""From a table of weeks to the data of the program, or to one clear sentence."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.media_mix_data import media_mix_data, share_priors
from tasks.beliefs.media_mix_weeks import REMEMBERED_WEEKS, weeks_of_period
from tasks.domain import MediaMix
from tasks.errors import InputError

BLOCK = MediaMix(
    table="weeks",
    time="day",
    sales="sold",
    channels={"tv": "tv_spend", "web": "web_spend"},
    controls=("price",),
)
FIRST = date(2021, 1, 4)
N_WEEKS = 160


def weeks(n: int = N_WEEKS) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "day": [FIRST + timedelta(weeks=week) for week in range(n)],
            "sold": rng.gamma(20.0, 50.0, size=n),
            "tv_spend": np.where(np.arange(n) % 5 < 2, rng.gamma(2.0, 10.0, size=n), 0.0),
            "web_spend": rng.integers(1, 9, size=n),
            "price": rng.normal(10.0, 1.0, size=n),
        }
    )


def with_value(column: str, row: int, value: float | None) -> pl.DataFrame:
    rows = pl.int_range(pl.len()) == row
    return weeks().with_columns(pl.when(rows).then(pl.lit(value)).otherwise(column).alias(column))


def test_24_months_back_from_the_end_of_the_last_week_are_104_weeks() -> None:
    found = weeks_of_period(weeks(), BLOCK)
    frame = weeks().tail(104)
    assert found.begin.tolist() == frame["day"].to_list()
    assert found.sales.tolist() == frame["sold"].to_list()
    assert found.controls[:, 0].tolist() == frame["price"].to_list()


def test_a_given_end_and_length_move_the_period() -> None:
    found = weeks_of_period(weeks(), BLOCK, months=12, until=date(2022, 7, 6))
    assert found.begin[-1] == np.datetime64("2022-07-04")
    assert found.begin[0] == np.datetime64("2021-07-12")  # the year ends with 2022-07-10
    assert len(found.sales) == 52


def test_a_week_that_begins_with_the_period_belongs_to_it() -> None:
    found = weeks_of_period(weeks(), BLOCK, months=9, until=date(2022, 3, 7))
    assert found.begin[0] == np.datetime64("2021-06-14")  # nine months before 2022-03-14
    assert len(found.sales) == 39


def test_spends_before_the_period_are_remembered() -> None:
    found = weeks_of_period(weeks(), BLOCK)
    frame = weeks().tail(104 + REMEMBERED_WEEKS)
    assert found.known_before == REMEMBERED_WEEKS
    assert found.spends[:, 0].tolist() == frame["tv_spend"].to_list()
    assert found.spends[:, 1].tolist() == frame["web_spend"].to_list()


def test_weeks_that_nobody_knows_have_the_usual_spend() -> None:
    found = weeks_of_period(weeks(40), BLOCK, until=FIRST + timedelta(weeks=39))
    assert found.known_before == 0
    usual = weeks(40).select(pl.col("tv_spend", "web_spend").mean()).row(0)
    np.testing.assert_allclose(found.spends[:REMEMBERED_WEEKS], [usual] * REMEMBERED_WEEKS)


def test_some_weeks_before_the_period_may_be_missing() -> None:
    gap = FIRST + timedelta(weeks=N_WEEKS - 104 - 3)
    found = weeks_of_period(weeks().filter(pl.col("day") != gap), BLOCK)
    assert found.known_before == REMEMBERED_WEEKS - 1
    others = [*found.spends[: REMEMBERED_WEEKS - 3, 1], *found.spends[REMEMBERED_WEEKS - 2 :, 1]]
    assert found.spends[REMEMBERED_WEEKS - 3, 1] == pytest.approx(np.mean(others))


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = weeks_of_period(weeks().sample(fraction=1, shuffle=True, seed=2), BLOCK)
    np.testing.assert_array_equal(shuffled.spends, weeks_of_period(weeks(), BLOCK).spends)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (with_value("sold", 100, None), "weeks.sold must be present in every week; it is not in 1"),
        (with_value("price", 100, float("nan")), "weeks.price must be present in every week"),
        (with_value("sold", 159, 0.0), "weeks.sold must be above 0 in every week; it is not in 1"),
        (with_value("tv_spend", 120, -1.0), "weeks.tv_spend must be at least 0 in every week"),
        (weeks().filter(pl.col("day") != date(2023, 5, 1)), "but 2023-05-08 follows 2023-04-24."),
        (pl.concat([weeks(), weeks().tail(1)]), "must be 7 days apart, but 2024-01-22 follows"),
        (weeks(25), "at least 26 weeks, got 25 from 2021-01-04 on"),
        (weeks().with_columns(tv_spend=pl.lit(0.0)), "Channel tv has no spend in any of the 104"),
        (weeks().with_columns(price=pl.lit(3.0)), "Control price is 3 in all 104 weeks and tells"),
        (weeks().with_columns(day=pl.lit(None, pl.Date)), "weeks.day must hold a day in every row"),
        (
            weeks().with_columns(
                day=pl.Series([FIRST + timedelta(days=n) for n in range(N_WEEKS)])
            ),
            "but 2021-01-05 follows 2021-01-04: sum daily rows to weeks first.",
        ),
        (
            weeks().with_columns(price=2.0 * pl.int_range(pl.len()) + 1),
            "Control price follows from trend, season and the controls before it",
        ),
    ],
)
def test_weeks_that_will_not_do_are_refused_in_a_sentence(frame: pl.DataFrame, said: str) -> None:
    with pytest.raises(InputError) as refused:
        media_mix_data(frame, BLOCK)
    assert said in str(refused.value)


def test_an_end_before_all_weeks_is_refused() -> None:
    with pytest.raises(InputError, match="no week that begins by 2020-01-01"):
        media_mix_data(weeks(), BLOCK, until=date(2020, 1, 1))


def test_a_bad_row_outside_of_the_period_does_no_harm() -> None:
    assert len(media_mix_data(with_value("sold", 3, -5.0), BLOCK).weeks.sales) == 104


def test_trend_season_and_controls_are_centred_and_in_their_units() -> None:
    data = media_mix_data(weeks(), BLOCK)
    x = data.program["x"]
    assert data.columns == (
        "trend",
        *(f"season {wave} {k}" for k in (1, 2) for wave in ("sine", "cosine")),
        "control price",
    )
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)
    assert np.ptp(x[:, 0]) == pytest.approx(1.0)
    assert x[:, 5].std(ddof=1) == pytest.approx(1.0)
    assert np.corrcoef(x[:52, 1], x[52:, 1])[0, 1] > 0.999  # a year later the season is the same
    assert np.corrcoef(x[:26, 3], x[26:52, 3])[0, 1] > 0.99  # the second wave, half a year later
    assert data.n_parameters == 3 * 2 + 6 + 4


def test_no_season_and_no_control_leave_the_trend() -> None:
    bare = BLOCK.model_copy(update={"harmonics": 0, "controls": ()})
    data = media_mix_data(weeks(), bare)
    assert data.columns == ("trend",)
    assert data.program["x"].shape == (104, 1)


def test_the_frame_is_not_changed() -> None:
    frame = weeks()
    media_mix_data(frame, BLOCK)
    assert frame.equals(weeks())


UNIFORM = Law(family="uniform", parameters={"low": 0.0, "high": 1.0}, weight=0.75)
NORMAL = Law(family="normal", parameters={"mean": 0.5, "sd": 0.1}, weight=0.25)


def test_a_channel_without_a_belief_has_the_uniform_law() -> None:
    priors = share_priors(["tv", "web"], {"web": Belief.of("normal", NORMAL.parameters, 0, 1)})
    assert priors["share_family"].tolist() == [6, 1]
    assert priors["share_parameters"].tolist() == [[0.0, 1.0, 0.0], [0.5, 0.1, 0.0]]
    assert priors["share_weight"].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(np.exp(priors["share_log_mass"]), [1.0, 1 - 5.733e-7], rtol=1e-9)


def test_a_mixture_has_the_weight_of_its_law_whatever_their_order() -> None:
    one = share_priors(["tv"], {"tv": Belief(laws=(NORMAL, UNIFORM), low=0, high=1)})
    two = share_priors(["tv"], {"tv": Belief(laws=(UNIFORM, NORMAL), low=0, high=1)})
    assert one["share_weight"].tolist() == two["share_weight"].tolist() == [0.25]
    assert one["share_family"].tolist() == two["share_family"].tolist() == [1]


def test_the_bounds_of_a_share_are_those_of_its_law_and_of_a_mixture_0_and_1() -> None:
    narrow = Law(family="uniform", parameters={"low": 0.1, "high": 0.4}, weight=0.25)
    wide = {"low": -1.0, "high": 0.5}
    priors = share_priors(
        ["a", "b", "c"],
        {
            "a": Belief.of("uniform", narrow.parameters, 0, 1),
            "b": Belief(laws=(narrow, UNIFORM), low=0, high=1),
            "c": Belief.of("uniform", wide, 0, 1),
        },
    )
    assert priors["share_low"].tolist() == [0.1, 0.0, 0.0]
    assert priors["share_high"].tolist() == [0.4, 1.0, 0.5]
    assert np.exp(priors["share_log_mass"][2]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("beliefs", "said"),
    [
        ({"radio": Belief.of("beta", {"alpha": 2.0, "beta": 2.0}, 0, 1)}, "no channel 'radio'"),
        ({"tv": Belief.of("beta", {"alpha": 2.0, "beta": 2.0})}, "lies between 0 and 1"),
        (
            {
                "tv": Belief(
                    laws=(NORMAL, NORMAL.model_copy(update={"weight": 0.75})), low=0, high=1
                )
            },
            "must be one law, or a mixture of one and of the uniform law",
        ),
    ],
)
def test_what_is_no_belief_on_a_channels_share_is_refused(
    beliefs: dict[str, Belief], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        share_priors(["tv", "web"], beliefs)
