"""Units from a file: what is read, and what is refused in which words."""

from pathlib import Path

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.inference.comparison.units import read_units, standardised

from .conftest import Floats, units_of

HEAD = "label,y,sigma\n"
GOOD = HEAD + "a,1,1\nb,2,2\nc,4,3\n"
EXAMPLE = Path(__file__).parents[3] / "stan" / "examples" / "eight_schools.csv"


def test_the_eight_schools_are_read() -> None:
    units = read_units(EXAMPLE)
    assert units.labels == tuple("ABCDEFGH")
    np.testing.assert_array_equal(units.y, [28, 8, -3, 7, -1, 1, 18, 12])
    np.testing.assert_array_equal(units.sigma, [15, 10, 16, 11, 9, 11, 10, 18])
    assert units.covariates == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_and_other_scripts_are_read(encoding: str, units_file: Path) -> None:
    text = "label,y,sigma,규모\n서울, 1 ,1,5\n부산,-2e1,2,6\n 大阪 ,4,3,7\n"
    units_file.write_text(text, encoding=encoding)
    units = read_units(units_file)
    assert units.labels == ("서울", "부산", "大阪")
    np.testing.assert_array_equal(units.y, [1, -20, 4])
    np.testing.assert_array_equal(units.covariates["규모"], [5, 6, 7])


def test_columns_may_stand_in_any_order(units_file: Path) -> None:
    units_file.write_text("sigma,x,label,y\n1,7,a,4\n2,8,b,5\n3,9,c,6\n", encoding="utf-8")
    units = read_units(units_file)
    assert list(units.covariates) == ["x"]
    np.testing.assert_array_equal(units.columns["y"], [4, 5, 6])
    np.testing.assert_array_equal(units.columns["sigma"], [1, 2, 3])
    np.testing.assert_array_equal(units.columns["x"], [7, 8, 9])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, r"needs 3 to 1000 units, got 0: their spread cannot be told from fewer\."),
        (HEAD + "a,1,1\n", r"needs 3 to 1000 units, got 1: their spread cannot be told"),
        (HEAD + "a,1,1\nb,2,1\n", r"needs 3 to 1000 units, got 2: their spread cannot be told"),
        (
            HEAD + "".join(f"u{j},{j},1\n" for j in range(1001)),
            r"needs 3 to 1000 units, got 1001: pool neighbouring units into one estimate",
        ),
        (GOOD + "d,5,0\n", r"standard error sigma must be above 0, got 0 for 'd'\."),
        (
            GOOD + "d,5,-2\ne,6,-3\n",
            r"sigma must be above 0, got -2 for 'd' and 1 more are wrong\.",
        ),
        (GOOD + "d,NaN,1\n", r"Every value of y must be a finite number, got none for 'd'\."),
        (GOOD + "d,inf,1\n", r"Every value of y must be a finite number, got inf for 'd'\."),
        (GOOD + "d,1,inf\n", r"Every value of sigma must be a finite number, got inf for 'd'\."),
        (GOOD + "d,,1\n", r"Every value of y must be a finite number, got none for 'd'\."),
        (GOOD + "d,5\n", r"Every value of sigma must be a finite number, got none for 'd'\."),
        (GOOD + "d,many,1\n", r"Column 'y' must hold numbers, got 'many' for 'd'\."),
        (GOOD + "d,5,1 kg\n", r"Column 'sigma' must hold numbers, got '1 kg' for 'd'\."),
        (GOOD + "a,5,1\n", r"Every label must come once, got 'a' more than once: combine"),
        (GOOD + " a ,5,1\n", r"Every label must come once, got 'a' more than once"),
        (
            HEAD + "".join(f"{label},1,1\n" for label in "abcdefgabcdefg"),
            r"got 'a', 'b', 'c', 'd', 'e' and 2 more more than once",
        ),
        (GOOD + ",5,1\n", r"Every unit must have a label, row 4 has none\."),
        (GOOD + "   ,5,1\n", r"Every unit must have a label, row 4 has none\."),
        ("label,y\na,1\nb,2\nc,3\n", r"must have the columns label, y and sigma; it lacks sigma"),
        ("a,b\n1,2\n", r"it lacks label, y, sigma and has a, b\."),
        (
            "label,y,sigma,x\na,1,1,7\nb,2,1,7\nc,3,1,7\n",
            r"Covariate 'x' must differ between units, got 7 for all\.",
        ),
        (
            "label,y,sigma,x,z\na,1,1,7,1\nb,2,1,8,3\nc,3,1,9,2\n",
            r"3 units can tell of at most 1 covariates, got 2\.",
        ),
        (
            "label,y,sigma,x\na,1,1,7\nb,2,1,\nc,3,1,9\n",
            r"Every value of x must be a finite number, got none for 'b'\.",
        ),
        (
            "label,y,sigma,log precision\na,1,1,7\nb,2,1,8\nc,3,1,9\n",
            r"No covariate may be named 'log precision', .* rename the column\.",
        ),
        ("label,y,sigma,x\na,1,1,big\nb,2,1,8\nc,3,1,9\n", r"Column 'x' must hold numbers"),
        ("label,y,y,sigma\na,1,1,1\nb,2,2,1\nc,3,3,1\n", r"each column once; it repeats y"),
        ("", "is empty: it must hold a header and rows"),
    ],
)
def test_a_bad_file_is_refused(text: str, said: str, units_file: Path) -> None:
    units_file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_units(units_file)


def test_the_fewest_and_the_most_units_are_accepted(units_file: Path) -> None:
    for count in (3, 1000):
        rows = "".join(f"u{j},{j},1\n" for j in range(count))
        units_file.write_text(HEAD + rows, encoding="utf-8")
        assert len(read_units(units_file).labels) == count


def test_a_missing_file_is_refused_with_its_name(units_file: Path) -> None:
    with pytest.raises(InputError, match=r"There is no data file '.*units\.csv'\."):
        read_units(units_file)


def test_a_folder_and_another_encoding_are_refused(units_file: Path) -> None:
    with pytest.raises(InputError, match="There is no data file"):
        read_units(units_file.parent)
    units_file.write_bytes(GOOD.replace("a,", "서울,").encode("cp949"))
    with pytest.raises(InputError, match="cannot be read as csv in UTF-8"):
        read_units(units_file)


@pytest.mark.parametrize(
    "covariate", [np.array([1.0, 2.0]), np.array([[1.0], [2.0], [3.0]]), np.array(1.0)]
)
def test_numbers_of_another_shape_are_refused(covariate: Floats) -> None:
    with pytest.raises(InputError, match="Column 'x' must have one number a unit"):
        units_of([1, 2, 3], [1, 1, 1], x=covariate)


def test_the_log_precision_is_standardised_and_rises_with_precision() -> None:
    sigma = np.array([4.0, 1.0, 2.0])
    found = units_of([1, 2, 3], sigma).log_precision
    assert found is not None
    np.testing.assert_allclose(found, [-1, 1, 0], atol=1e-15)
    assert units_of([1, 2, 3], [2, 2, 2]).log_precision is None
    np.testing.assert_array_equal(sigma, [4, 1, 2])


def test_standardised_values_have_mean_0_and_sd_1_and_leave_their_source() -> None:
    values = np.array([3.0, 9.0, -4.0, 6.0])
    found = standardised(values)
    assert found.mean() == pytest.approx(0, abs=1e-15)
    assert found.std(ddof=1) == pytest.approx(1)
    assert np.corrcoef(found, values)[0, 1] == pytest.approx(1)
    np.testing.assert_array_equal(values, [3, 9, -4, 6])
