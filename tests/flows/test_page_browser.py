"""A run triggered through the form on Prefect's page, and read there, in a real browser.

Screenshots are kept in ``build/page``.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from .serving import Service, deployment, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60.0
SEED, MEMBERS, REPLICATES, DOCUMENTS = 7, 8, 4, 3000
SIZE = {"width": 1300, "height": 1000}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="Chromium is not installed (Debian and Ubuntu: apt-get install chromium)",
)

Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("페이지")
    with serving(Service(folder), deployment("demo", {"domain": "demo"})) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(SECONDS * 1000)
    expect.set_options(timeout=SECONDS * 1000)
    yield page
    page.close()


@pytest.fixture
def shoot(pytestconfig: pytest.Config) -> Shoot:
    folder = pytestconfig.rootpath / "build" / "page"
    folder.mkdir(parents=True, exist_ok=True)

    def shoot(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return shoot


def field(page: Page, title: str) -> Locator:
    """A parameter in the form."""
    return page.locator(".schema-form-property").filter(
        has=page.locator("xpath=./div[1]/label//span", has_text=re.compile(rf"^{title}"))
    )


def fill(page: Page, title: str, value: int) -> None:
    where = field(page, title)
    if (chosen := where.get_by_role("button", name="number", exact=True)).count():
        chosen.click()
    where.locator("input[type=number]").fill(str(value))


def test_a_run_is_triggered_through_the_form_and_read(
    service: Service, page: Page, shoot: Shoot
) -> None:
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(f"http://127.0.0.1:{service.ports[0]}/deployments")
    page.get_by_role("link", name="demo", exact=True).click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    fill(page, "Seed", SEED)
    fill(page, "Members of the ensemble", 3)
    fill(page, "Replicates", REPLICATES)
    fill(page, "Documents of the demo", DOCUMENTS)
    shoot(page, "1 form")

    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("3 is less than the minimum of 8").first).to_be_visible()
    shoot(page, "2 a bad value is refused")
    assert service.ask("flow_runs/filter", {}) == []

    fill(page, "Members of the ensemble", MEMBERS)
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url(re.compile(r"/deployments/deployment/[0-9a-f-]+(\?tab=.*)?$"))
    (run,) = service.ask("flow_runs/filter", {})
    given = run["parameters"]["parameters"]
    assert given["domain"] == "demo"
    assert (given["seed"], given["members"], given["documents"]) == (SEED, MEMBERS, DOCUMENTS)

    done = service.completed(run["id"])
    (kept,) = service.runs.glob("demo/*/manifest.json")
    assert json.loads(kept.read_text(encoding="utf-8"))["parameters"]["seed"] == SEED
    page.goto(f"http://127.0.0.1:{service.ports[0]}/runs/flow-run/{run['id']}")
    expect(page.get_by_text("demo: lead-time").first).to_be_visible()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    shoot(page, "3 run")
    page.get_by_text("Artifacts", exact=True).click()
    for key in ("report", "gate", "shares", "interventions", "figure-effects", "progress"):
        expect(page.get_by_text(f"{key}-demo", exact=True)).to_be_visible()
    shoot(page, "4 artifacts")
    for key, told in (
        ("interventions", "P(< 0)"),
        ("shares", "documents"),
        ("gate", "severity"),
        ("report", "Placebo"),
    ):
        page.goto(f"http://127.0.0.1:{service.ports[0]}/runs/flow-run/{run['id']}?tab=Artifacts")
        page.get_by_text("Artifacts", exact=True).click()
        page.get_by_text(f"{key}-demo", exact=True).click()
        expect(page.get_by_text("Subflow Runs")).to_be_hidden()  # the page of the run has gone
        expect(page.get_by_text(told).first).to_be_visible()
        shoot(page, f"5 {key}")

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Report", exact=True).click()
    report = opened.value
    expect(report).to_have_title(re.compile("Manufacturing demo"))
    place = f"{kept.parent.parent.name}/{kept.parent.name}"
    assert report.url == f"http://127.0.0.1:{service.ports[1]}/runs/{place}/report.html"
    shoot(report, "6 report")
    assert failed == []
    assert done["name"] == "demo: lead-time"
