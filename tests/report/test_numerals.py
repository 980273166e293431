"""Numbers in words: near enough to what they stand for, and without a sign for nothing."""

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from tasks.bayes.interval import Interval
from tasks.report.numerals import decimals_for, ends_of, estimate, fixed, mean_of, probability

SOME = st.floats(-1e6, 1e6)


@given(value=SOME, decimals=st.integers(0, 5), signed=st.booleans())
def test_fixed_is_near_and_has_no_signed_zero(value: float, decimals: int, signed: bool) -> None:
    text = fixed(value, decimals, signed)
    read = float(text.replace("−", "-"))
    assert abs(read - value) <= 0.5 * 10.0**-decimals + 1e-9 * abs(value)
    assert "-" not in text
    assert re.fullmatch(r"[−+]0(\.0*)?", text) is None
    assert text.startswith("+") == (signed and read > 0)


@given(error=st.floats(1e-4, 1e6))
def test_two_digits_of_an_error_are_shown(error: float) -> None:
    shown = float(fixed(error, decimals_for(error)))
    assert math.isclose(shown, error, rel_tol=0.051)


@given(mean=SOME, half=st.floats(0, 1e4))
def test_mean_and_ends_have_the_same_decimals(mean: float, half: float) -> None:
    interval = Interval(mean=mean, low=mean - half, high=mean + half)
    parts = re.findall(r"\d+\.(\d+)", mean_of(interval) + ends_of(interval))
    assert len(parts) == 3
    assert len(set(map(len, parts))) == 1


def test_an_error_of_nothing_is_shown() -> None:
    assert estimate(1.0, 0.0) == "1.0 ± 0.0"


@given(value=st.floats(0, 1))
def test_a_probability_is_never_certain(value: float) -> None:
    assert probability(value) not in ("0.0", "100.0")
