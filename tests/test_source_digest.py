"""A step's digest sees every file behind it, and no other."""

import ast
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from tasks import source_digest, source_modules
from tasks.locations import resource
from tasks.source_modules import SourceModules

FILES = {
    "shop/steps.py": """
from tasks.shop.prices import price
from tasks.shop import stock
import json

RATE = 2

def helper():
    return RATE

def step_price(x):
    return price(x) * helper()

def step_stock(x):
    return stock.count(x)

def step_late(x):
    from tasks.shop.late import late
    return late(x)
""",
    "shop/prices.py": "from tasks.shop.tax import tax\ndef price(x):\n    return x + tax(x)\n",
    "shop/tax.py": "def tax(x):\n    return 0.1 * x\n",
    "shop/stock.py": """
def count(x):
    match x:
        case 1:
            try:
                pass
            except ValueError:
                with open(x):
                    from tasks.shop.deep import deep
                    return deep(x)
    return x
""",
    "shop/deep.py": "def deep(x):\n    return x\n",
    "shop/late.py": "def late(x):\n    return x\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "tasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tasks"


def digest(package: Path, step: str) -> str:
    return source_digest.digest_in(SourceModules(package), package / "shop/steps.py", step)


@pytest.mark.parametrize(
    ("file", "old", "new", "seen_by"),
    [
        ("shop/tax.py", "0.1", "0.2", {"step_price"}),
        ("shop/stock.py", "    return x\n", "    return x + 1\n", {"step_stock"}),
        ("shop/deep.py", "return x", "return x + 1", {"step_stock"}),
        ("shop/late.py", "return x", "return 2 * x", {"step_late"}),
        ("shop/steps.py", "RATE = 2", "RATE = 3", {"step_price"}),
        ("shop/steps.py", "return RATE", "return RATE + 1", {"step_price"}),
        ("shop/steps.py", "import json", "import os", set()),
    ],
)
def test_a_change_is_seen_where_it_matters(
    package: Path, file: str, old: str, new: str, seen_by: set[str]
) -> None:
    steps = {"step_price", "step_stock", "step_late"}
    before = {step: digest(package, step) for step in steps}
    assert before == {step: digest(package, step) for step in steps}
    path = package / file
    changed = path.read_text(encoding="utf-8").replace(old, new)
    assert changed != path.read_text(encoding="utf-8")
    path.write_text(changed, encoding="utf-8")
    assert {step for step in steps if digest(package, step) != before[step]} == seen_by


def test_no_statement_is_missed() -> None:
    for path in (Path(ast.__file__), *resource("tasks").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        all_nodes = {id(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)}
        assert {id(node) for node in source_modules.statements_in(tree)} == all_nodes, path


def test_a_file_beside_a_module_counts(package: Path) -> None:
    before = digest(package, "step_price")
    (package / "shop/templates").mkdir()
    (package / "shop/templates/page.j2").write_text("<p>", encoding="utf-8")
    assert digest(package, "step_price") != before


@pytest.mark.parametrize(
    "line", ['P = resource("stan", "model.stan")\n', 'M = "model.stan"\nP = resource("stan", M)\n']
)
def test_a_stan_file_named_by_a_module_counts(
    line: str, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "stan" / "model.stan"
    program.parent.mkdir()
    program.write_text("parameters { real x; }", encoding="utf-8")
    monkeypatch.setattr(source_modules, "resource", lambda *parts: tmp_path.joinpath(*parts))
    tax = package / "shop/tax.py"
    tax.write_text(tax.read_text(encoding="utf-8") + line, encoding="utf-8")
    before = digest(package, "step_price"), digest(package, "step_stock")
    program.write_text("parameters { real y; }", encoding="utf-8")
    after = digest(package, "step_price"), digest(package, "step_stock")
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_a_library_of_another_version_counts(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(package, "step_price")
    monkeypatch.setattr(source_digest, "version", lambda library: "0")
    assert digest(package, "step_price") != before


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """The project's own tasks, copied, so that a file of it can be changed."""
    shutil.copytree(resource("tasks"), tmp_path / "tasks", ignore=shutil.ignore_patterns("*.pyc"))
    return tmp_path / "tasks"


def all_steps() -> list[tuple[Path, str]]:
    found = []
    for path in sorted(resource("tasks").glob("*/steps.py")):
        module = import_module(f"tasks.{path.parent.name}.steps")
        found += [(path, name) for name, value in vars(module).items() if hasattr(value, "fn")]
    return found


def test_every_step_of_the_project_reaches_its_own_room(copied_tree: Path) -> None:
    steps = all_steps()
    assert steps
    for path, name in steps:
        room = path.parent.name
        own = copied_tree / room / "steps.py"
        before = source_digest.digest_in(SourceModules(copied_tree), own, name)
        for module in (copied_tree / room).rglob("*.py"):
            if module.name not in ("steps.py", "__init__.py"):
                text = module.read_text(encoding="utf-8")
                module.write_text(f"{text}\n# changed\n", encoding="utf-8")
        assert source_digest.digest_in(SourceModules(copied_tree), own, name) != before, name


def test_files_behind_steps_are_told_by_name() -> None:
    from tasks.bayes.digests import digest_of
    from tasks.relations.steps import check_data
    from tasks.report.steps import write_data_docs

    found = source_digest.source_digests([write_data_docs.fn, check_data.fn])
    assert list(found) == sorted(found)
    assert {
        "tasks/relations/gate.py",
        "tasks/relations/steps.py:check_data",
        "tasks/report/data_docs.py",
        "tasks/report/templates/data_docs.html.j2",
        "tasks/report/steps.py:write_data_docs",
    } <= found.keys()
    of_the_gate = source_digest.source_digests([check_data.fn])
    assert not [name for name in of_the_gate if name.startswith(("stan/", "tasks/inference/"))]
    assert "tasks/relations/steps.py" not in of_the_gate
    gate = resource("tasks", "relations", "gate.py").read_text(encoding="utf-8")
    assert found["tasks/relations/gate.py"] == digest_of(gate)


def test_what_python_and_numba_cache_beside_modules_is_not_code() -> None:
    from tasks.attribution.steps import share_uncertainty

    found = source_digest.source_digests([share_uncertainty.fn])
    assert "tasks/attribution/half_variances.py" in found  # compiled by Numba
    assert not [name for name in found if "__pycache__" in name]
