"""What the report says of the rows for which features were built."""

import pytest

from tasks.relations.row_sample import Sampled
from tasks.report.data_sections import data_section
from tasks.report.schema import Report

FOUND = {"train": 6_012_345, "test": 1_000_001}


def told(report: Report, sampled: Sampled | None) -> tuple[str, ...]:
    return data_section(report.model_copy(update={"sampled": sampled})).paragraphs[2:]


@pytest.mark.parametrize(
    ("by", "in_parts", "drawn", "large"),
    [
        ("sales.shop", 0, "whole entities (sales.shop)", ""),
        ("", 0, "rows", ""),
        (
            "sales.shop",
            1,
            "whole entities (sales.shop)",
            " 1 entity with more than a tenth of the rows of a part was drawn in parts.",
        ),
        (
            "sales.shop",
            3,
            "whole entities (sales.shop)",
            " 3 entities with more than a tenth of the rows of a part were drawn in parts.",
        ),
    ],
)
def test_drawn_rows_are_told(
    by: str, in_parts: int, drawn: str, large: str, report: Report
) -> None:
    train, test = report.rows["train"], report.rows["test"]
    (sentence,) = told(report, Sampled(by=by, found=FOUND, in_parts=in_parts))
    assert sentence == (
        f"Features are built for {train:,} of 6,012,345 train rows and {test:,} of 1,000,001 test "
        f"rows: {drawn}, drawn at random.{large}"
    )


def test_of_all_rows_nothing_is_told(report: Report) -> None:
    assert report.sampled is None
    assert told(report, None) == ()


def test_classes_that_were_left_out_are_named(report: Report) -> None:
    few = Sampled(by="", found={}, in_parts=0, rare=("드문", "<b>"), of_rare=1)
    assert told(report, few) == (
        "2 classes with 1 row left out, as fewer than 10 entities among the train rows are of "
        "them: 드문, <b>.",
    )
    many = few.model_copy(update={"rare": tuple(map(str, range(12))), "of_rare": 1500})
    (sentence,) = told(report, many)
    assert "12 classes with 1,500 rows left out" in sentence
    assert sentence.endswith("them: 0, 1, 2, 3, 4, 5, 6, 7 and 4 more.")
