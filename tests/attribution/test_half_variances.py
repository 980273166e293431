"""Half variances of differences between hybrid rows, rows and donors: the formula in NumPy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution.half_variances import BLOCK, half_variances
from tasks.attribution.members import SubEnsembles, single_members, split_members

Array = NDArray[np.float64]
N_MEMBERS = 7
MEMBERS = {
    "one": split_members(N_MEMBERS),
    "three of unlike sizes": split_members(N_MEMBERS, 3),
    "members by themselves": single_members(N_MEMBERS),
    "not centred": SubEnsembles((0, 2, N_MEMBERS), centred=False),
}
all_kinds = pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS.keys())


def predictions(n_rows: int, n_classes: int = 2, n_steps: int = 3) -> tuple[Array, Array, Array]:
    """Hybrids (S, B, C, n), rows and donors (B, C, n)."""
    rng = np.random.default_rng(1)
    hybrid = rng.normal(size=(n_steps, N_MEMBERS, n_classes, n_rows))
    own, donated = rng.normal(size=(2, N_MEMBERS, n_classes, n_rows))
    return hybrid, own, donated


def by_formula(hybrid: Array, reference: Array, members: SubEnsembles) -> Array:
    """0.5 Var_b[reference - hybrid] over each sub-ensemble, summed over classes, (S, J, n)."""
    parts = np.split(reference - hybrid, members.bounds[1:-1], axis=1)
    if members.centred:
        halves = [0.5 * part.var(axis=1, ddof=1) for part in parts]
    else:
        halves = [0.5 * np.square(part).mean(axis=1) for part in parts]
    return np.stack([half.sum(axis=1) for half in halves], axis=1)


def measure(
    hybrid: Array, own: Array, donated: Array, members: SubEnsembles
) -> tuple[Array, Array]:
    shape = (len(hybrid), len(members), hybrid.shape[-1])
    of_rows, of_donors = np.full(shape, np.nan), np.full(shape, np.nan)
    half_variances(hybrid, own, donated, members, of_rows, of_donors)
    return of_rows, of_donors


@all_kinds
@pytest.mark.parametrize("n_rows", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1, 5 * BLOCK + 77])
@pytest.mark.parametrize("n_classes", [1, 3])
def test_half_variances_are_those_of_the_formula(
    members: SubEnsembles, n_rows: int, n_classes: int
) -> None:
    hybrid, own, donated = predictions(n_rows, n_classes)
    for found, reference in zip(
        measure(hybrid, own, donated, members), (own, donated), strict=True
    ):
        expected = by_formula(hybrid, reference, members)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        assert not np.allclose(found, expected[::-1])


@all_kinds
def test_there_is_exactly_nothing_where_predictions_are_equal(members: SubEnsembles) -> None:
    hybrid, own, donated = predictions(BLOCK + 9)
    hybrid[0], hybrid[2] = own, donated
    hybrid[1, ..., ::2] = own[..., ::2]
    of_rows, of_donors = measure(hybrid, own, donated, members)
    assert (of_rows[0] == 0).all()
    assert (of_donors[2] == 0).all()
    assert (of_rows[1, :, ::2] == 0).all()
    assert (of_rows[1, :, 1::2] > 0).all()
    assert (of_donors[:2] > 0).all()


def test_known_answer() -> None:
    """Differences 3 and 1 in one class, 0 and 4 in the other: variances 2 and 8."""
    own = np.array([[[3.0], [0.0]], [[1.0], [4.0]]])
    hybrid, donated = np.zeros((1, 2, 2, 1)), np.ones((2, 2, 1))
    of_rows, of_donors = measure(hybrid, own, donated, split_members(2))
    assert of_rows.tolist() == [[[5.0]]]
    assert of_donors.tolist() == [[[0.0]]]
    of_rows, of_donors = measure(hybrid, own, donated, single_members(2))
    assert of_rows.tolist() == [[[4.5], [8.5]]]
    assert of_donors.tolist() == [[[1.0], [1.0]]]


def test_a_shift_of_all_members_counts_only_where_they_are_not_centred() -> None:
    hybrid, own, donated = predictions(40)
    both = [
        [measure(hybrid + shift, own, donated, members)[0] for shift in (0.0, 8.0)]
        for members in (split_members(N_MEMBERS, 2), single_members(N_MEMBERS))
    ]
    np.testing.assert_allclose(both[0][0], both[0][1], rtol=1e-12)
    assert (both[1][1] > 2 * both[1][0]).mean() > 0.9


def test_small_differences_of_large_predictions_are_not_lost() -> None:
    """A sum of squares less a squared sum would lose them: 2**30 squared has 60 bits."""
    hybrid, own, donated = predictions(60)
    hybrid, own, donated = (np.round(2.0**20 * p) / 2.0**20 for p in (hybrid, own, donated))
    shifted = measure(hybrid + 2.0**30, own, donated, split_members(N_MEMBERS))
    np.testing.assert_allclose(
        shifted, measure(hybrid, own, donated, split_members(N_MEMBERS)), rtol=1e-6
    )


def test_sub_ensembles_and_rows_are_measured_by_themselves() -> None:
    members = split_members(N_MEMBERS, 3)
    hybrid, own, donated = predictions(4 * BLOCK + 3)
    whole = measure(hybrid, own, donated, members)
    changed = hybrid.copy()
    changed[:, :3], changed[..., 700:] = 5.0, np.nan
    for before, after in zip(whole, measure(changed, own, donated, members), strict=True):
        assert after[:, 1:, :700].tobytes() == before[:, 1:, :700].tobytes()
        assert not np.isclose(after[:, 0], before[:, 0]).any()
    for first, last in ((0, 1), (1, BLOCK + 2), (BLOCK + 2, 4 * BLOCK + 3)):
        rows = slice(first, last)
        part = measure(hybrid[..., rows], own[..., rows], donated[..., rows], members)
        for found, expected in zip(part, whole, strict=True):
            assert found.tobytes() == expected[..., rows].tobytes()


@all_kinds
def test_inputs_are_not_mutated(members: SubEnsembles) -> None:
    inputs = predictions(600)
    copies = [array.copy() for array in inputs]
    measure(*inputs, members)
    for array, copied in zip(inputs, copies, strict=True):
        np.testing.assert_array_equal(array, copied)
