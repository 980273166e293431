"""Text in columns: no line too wide, columns under each other in any script."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.report.layout import display_width, format_table, pad, shorten, wrap
from tasks.report.section import table

WORDS = st.text(st.sampled_from("ab 무게가한 é…-"), max_size=40)


@given(text=WORDS, width=st.integers(1, 50))
def test_a_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    found = shorten(text, width)
    assert display_width(found) <= max(width, 1)
    if display_width(text) <= width:
        assert found == text
    else:
        head, _, tail = found.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail.rpartition("…")[2])
        assert display_width(found) >= width - 2


@given(text=WORDS, width=st.integers(40, 60))
def test_padding_fills_the_width(text: str, width: int) -> None:
    wide = max(width, display_width(text))
    assert display_width(pad(text, wide)) == display_width(pad(text, wide, right=True)) == wide


def test_a_conjoining_vowel_takes_no_column() -> None:
    assert display_width("\u1112\u1161\u11ab") == display_width("\ud55c") == 2


@given(
    words=st.lists(st.text("ab무", min_size=1, max_size=9), min_size=1), width=st.integers(20, 40)
)
def test_wrapping_keeps_the_words_and_the_width(words: list[str], width: int) -> None:
    lines = wrap(" ".join(words), width)
    assert " ".join(lines).split() == words
    assert max(map(display_width, lines)) <= width


def test_a_number_stays_with_its_error_and_unit() -> None:
    assert wrap("about 1.2 ± 0.3 % of it", 12) == ["about", "1.2 ± 0.3 %", "of it"]


def test_columns_stand_under_each_other() -> None:
    (made,) = table(["이름", ">수"], [["무게", "1"], ["weight", "12"]])
    assert format_table(made, 40) == ["이름    수", "무게     1", "weight  12"]


def test_only_words_are_shortened() -> None:
    (made,) = table(["name", ">number"], [["n" * 60, "1" * 30]])
    line = format_table(made, 50)[1]
    assert display_width(line) == 50
    assert line.endswith("1" * 30)
    assert "…" in line


def test_a_table_of_numbers_is_wider_rather_than_wrong() -> None:
    (made,) = table([">number"], [["1" * 30]])
    assert format_table(made, 10)[1] == "1" * 30
