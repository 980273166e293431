"""The page: nothing from the data becomes markup, nothing is fetched, every reference is found."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from tasks.report.answer import answer
from tasks.report.data_docs import DATA_DOCS
from tasks.report.page import as_page
from tasks.report.schema import Report
from tasks.report.sections import sections

ALL = pytest.mark.parametrize("name", ["report", "large", "tiny", "hostile"])


class Parsed(HTMLParser):
    """Elements, attributes and texts as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def pages(report: Report, large: Report, tiny: Report, hostile: Report) -> dict[str, str]:
    named = {"report": report, "large": large, "tiny": tiny, "hostile": hostile}
    return {name: as_page(of) for name, of in named.items()}


def test_names_are_escaped(pages: dict[str, str]) -> None:
    found = Parsed(pages["hostile"])
    assert found.tags["script"] == found.tags["b"] == 0
    for name in ("<script>alert(1)</script>", "<b>bold</b>", "a & b", '"quoted"', "it's", "$x_1$"):
        assert name in found.texts
    assert "<script" not in pages["hostile"]
    assert [name for name, _ in found.attributes if name.startswith("on")] == []


def test_what_is_not_escaped_is_seen() -> None:
    found = Parsed('<p onclick="x"><script>alert(1)</script></p>')
    assert found.tags["script"] == 1
    assert found.values("onclick") == ["x"]


@ALL
def test_nothing_is_fetched(name: str, pages: dict[str, str]) -> None:
    found = Parsed(pages[name])
    assert found.tags.keys().isdisjoint({"script", "link", "img", "iframe", "object", "image"})
    targets = found.values("href") + found.values("xlink:href") + found.values("src")
    assert [of for of in targets if not of.startswith("#")] == [DATA_DOCS]
    assert re.findall(r"url\((?!#)|@import", pages[name]) == []
    assert "default-src 'none'" in found.values("content")[1]


@ALL
def test_ids_are_unique_and_references_lead_somewhere(name: str, pages: dict[str, str]) -> None:
    found = Parsed(pages[name])
    ids = Counter(found.values("id"))
    assert [of for of, times in ids.items() if times > 1] == []
    links = found.values("href") + found.values("xlink:href")
    targets = [of.removeprefix("#") for of in links if of != DATA_DOCS]
    targets += [of for _, value in found.attributes for of in re.findall(r"url\(#([^)]*)\)", value)]
    assert targets
    assert [of for of in targets if of not in ids] == []


@ALL
def test_everything_that_the_text_tells_is_there(
    name: str, pages: dict[str, str], request: pytest.FixtureRequest
) -> None:
    report = request.getfixturevalue(name)
    texts = set(Parsed(pages[name]).texts)
    for section in sections(report):
        assert section.title in texts
        assert texts.issuperset(section.paragraphs)
        for table in section.tables:
            cells = {cell for row in (table.head, *table.rows) for cell in row if cell}
            assert texts.issuperset(cells)


@ALL
def test_the_answer_comes_first(
    name: str, pages: dict[str, str], request: pytest.FixtureRequest
) -> None:
    texts = Parsed(pages[name]).texts
    told = answer(request.getfixturevalue(name))
    places = [texts.index(sentence) for _, sentence in told.lines]
    assert places == sorted(places)
    assert places[-1] < texts.index("Contents" if "Contents" in texts else "Data")


def test_doubt_is_marked(pages: dict[str, str], report: Report) -> None:
    assert "answer" in Parsed(pages["report"]).values("class")
    assert "answer doubt" in Parsed(pages["tiny"]).values("class")
    without = report.model_copy(update={"placebo": ()})
    assert "answer doubt" in Parsed(as_page(without)).values("class")


def test_figures_lie_inside(pages: dict[str, str]) -> None:
    assert Parsed(pages["report"]).tags["svg"] == 4
    assert Parsed(pages["tiny"]).tags["svg"] == 1


def test_the_page_is_small(pages: dict[str, str]) -> None:
    sizes = {name: len(page.encode()) for name, page in pages.items()}
    assert sizes["report"] < 250_000
    assert sizes["large"] < 1_000_000


def test_equal_reports_give_equal_pages(pages: dict[str, str], report: Report) -> None:
    assert as_page(Report.model_validate_json(report.model_dump_json())) == pages["report"]
