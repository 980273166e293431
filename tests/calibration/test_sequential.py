"""The plan of looks: their places and what they spend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.calibration.sequential import plan
from tasks.errors import InputError


def test_looks_double_from_an_eighth_and_spend_with_the_square() -> None:
    looks = plan(800, 50, 0.04)
    assert [look.simulations for look in looks] == [100, 200, 400, 800]
    spent = [0.04 / 64, 0.04 / 16, 0.04 / 4, 0.04]
    increments = [spent[0], spent[1] - spent[0], spent[2] - spent[1], spent[3] - spent[2]]
    assert [look.alpha for look in looks] == pytest.approx(increments)


@given(st.integers(1, 5000), st.integers(1, 700), st.floats(1e-4, 0.5))
def test_looks_grow_to_all_simulations_and_spend_the_whole_level(
    n: int, chunk: int, alpha: float
) -> None:
    looks = plan(n, chunk, alpha)
    sizes = [look.simulations for look in looks]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == n
    assert all(size % chunk == 0 for size in sizes[:-1])
    assert all(look.alpha > 0 for look in looks)
    assert sum(look.alpha for look in looks) == pytest.approx(alpha)
    assert len(looks) <= 4


def test_a_chunk_of_all_simulations_leaves_one_look_with_the_whole_level() -> None:
    (look,) = plan(100, 100, 0.05)
    assert (look.simulations, look.alpha) == (100, 0.05)


@pytest.mark.parametrize(
    ("n", "chunk", "alpha"), [(0, 1, 0.05), (10, 0, 0.05), (10, 1, 0.0), (10, 1, 1.0)]
)
def test_what_is_out_of_range_is_refused(n: int, chunk: int, alpha: float) -> None:
    with pytest.raises(InputError, match="A plan needs"):
        plan(n, chunk, alpha)
