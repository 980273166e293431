"""The house rules of the source tree: who may import whom, and how long a file may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUND_FLOOR = {
    "errors",
    "folder_names",
    "installation_key",
    "locations",
    "cores",
    "dask_client",
    "parallel",
    "shipping",
    "domain",
    "domain_media_mix",
    "domain_sources",
    "domain_tables",
    "domain_tasks",
    "contract",
    "contract_checks",
    "table_checks",
    "task_checks",
    "leftovers",
    "outside",
    "progress",
    "targets",
    "run_names",
    "run_store",
    "pickle_ledger",
    "seeds",
    "shown_urls",
    "source_digest",
    "source_modules",
    "strict_yaml",
    "store_check",
    "whole_files",
    "cache",
    "compiled",
    "bayes",
}
ROOMS = [
    "relations",
    "uncertainty",
    "attribution",
    "intervention",
    "inference",
    "calibration",
    "beliefs",
    "report",
]
FLOORS = ["installation", "service", "release"]
MAY_IMPORT_PREFECT = {"steps.py", "cache.py"}
MOST_LINES = 250


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def source_files(root: Path) -> list[Path]:
    return [path for room in ("flows", "tasks") for path in sorted((root / room).rglob("*.py"))]


def prefect_offenders(root: Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in source_files(root)
        if path.relative_to(root).parts[0] == "tasks"
        and path.name not in MAY_IMPORT_PREFECT
        and any(name.split(".")[0].startswith("prefect") for name in imported_modules(path))
    ]


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "tasks" and len(parts) > 1 else None


def direction_offenders(root: Path) -> list[str]:
    offences = []
    for path in source_files(root):
        inside = path.relative_to(root).with_suffix("").parts
        imports = list(imported_modules(path))
        if inside[0] != "tasks":
            continue
        if any(name.split(".")[0] == "flows" for name in imports):
            offences.append(f"{'/'.join(inside)} imports flows")
        own = inside[1]
        allowed = {own, *GROUND_FLOOR}
        if own in ROOMS:
            allowed |= set(ROOMS[: ROOMS.index(own)])
        offences += [
            f"{'/'.join(inside)} imports {room}"
            for room in filter(None, map(room_of, imports))
            if room not in allowed
        ]
    return offences


def floor_offenders(root: Path) -> list[str]:
    """Packages of a service that import one above them."""
    return [
        f"{floor}/{path.stem} imports {name}"
        for number, floor in enumerate(FLOORS)
        for path in sorted((root / "flows" / floor).glob("*.py"))
        for name in imported_modules(path)
        if name.startswith(tuple(f"flows.{above}." for above in FLOORS[number + 1 :]))
    ]


def long_files(root: Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in source_files(root)
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    ]


def test_only_steps_cache_and_flows_import_prefect() -> None:
    assert prefect_offenders(ROOT) == []


def test_rooms_import_in_one_direction() -> None:
    assert direction_offenders(ROOT) == []


def test_a_service_s_packages_import_in_one_direction() -> None:
    assert floor_offenders(ROOT) == []
    assert all((ROOT / "flows" / floor / "__init__.py").is_file() for floor in FLOORS)


def test_every_room_is_known() -> None:
    rooms = {path.name for path in (ROOT / "tasks").iterdir() if (path / "__init__.py").exists()}
    modules = {path.stem for path in (ROOT / "tasks").glob("*.py")} - {"__init__"}
    assert rooms | modules <= GROUND_FLOOR | set(ROOMS)


def test_no_file_is_too_long() -> None:
    assert long_files(ROOT) == []


@pytest.fixture
def crooked_house(tmp_path: Path) -> Path:
    files = {
        "flows/nightly.py": "from prefect import flow\n",
        "flows/service/worker.py": "from flows.installation import state\n",
        "flows/installation/state.py": "from flows.service import worker\n",
        "tasks/cache.py": "from prefect.cache_policies import INPUTS\n",
        "tasks/relations/steps.py": "import prefect\n",
        "tasks/relations/gate.py": "from tasks.attribution.shapley import shares\n",
        "tasks/attribution/shapley.py": "def f():\n    from prefect import task\n",
        "tasks/attribution/owen.py": "from tasks.relations import gate\nimport tasks.bayes\n",
        "tasks/bayes/model.py": "from tasks import report\n",
        "tasks/report/text.py": "import flows.nightly\n" + "x = 1\n" * MOST_LINES,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_rules_see_a_crooked_house(crooked_house: Path) -> None:
    assert prefect_offenders(crooked_house) == ["tasks/attribution/shapley.py"]
    assert direction_offenders(crooked_house) == [
        "tasks/bayes/model imports report",
        "tasks/relations/gate imports attribution",
        "tasks/report/text imports flows",
    ]
    assert floor_offenders(crooked_house) == ["installation/state imports flows.service.worker"]
    assert long_files(crooked_house) == ["tasks/report/text.py"]
