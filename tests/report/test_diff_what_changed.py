"""What two runs were made from, held against each other."""

from typing import Any

import pytest

from tasks.report.across_runs.diff_text import told
from tasks.report.across_runs.what_changed import what_changed
from tasks.report.schema import Report
from tests.report.diff_runs import CONTRACT, DIAGNOSTICS, GATE, MANIFEST, column, run_record

KINDS = ["data", "contract", "code", "Stan programs", "seed", "parameters", "versions"]


def differences(report: Report, *sides: dict[str, Any]) -> dict[str, str]:
    """Of two runs that differ from the usual one so."""
    before, after = (run_record(report, **side) for side in sides)
    return {of.kind: told(of) for of in what_changed(before, after)}


def only(kind: str, what: str) -> dict[str, str]:
    return {of: what if of == kind else "nothing" for of in KINDS}


def test_nothing_changed(report: Report) -> None:
    assert differences(report, {}, {}) == dict.fromkeys(KINDS, "nothing")


def changed_gate() -> dict[str, Any]:
    columns = [
        column("items", "weight", 420, missing=24, faulty=25),
        column("items", "price", 420),
        column("clients", "id", 3),
    ]
    return {"columns": columns}


@pytest.mark.parametrize(
    ("after", "kind", "what"),
    [
        ({"manifest": {"parameters": MANIFEST["parameters"] | {"seed": 2}}}, "seed", "1 -> 2"),
        (
            {"manifest": {"parameters": MANIFEST["parameters"] | {"members": 32}}},
            "parameters",
            "members: 24 -> 32",
        ),
        (
            {"manifest": {"versions": {"python": "3.11.7", "numpy": "2.5.0"}}},
            "versions",
            "numpy: 2.4.6 -> 2.5.0",
        ),
        (
            {"manifest": {"code": {"tasks/seeds.py": "c9", "tasks/new.py": "c3"}}},
            "code",
            "tasks/new.py (new); tasks/report/page.py (gone); tasks/seeds.py",
        ),
        (
            {"manifest": {"stan": {"stan/intervention_effects.stan": "s2"}}},
            "Stan programs",
            "stan/intervention_effects.stan",
        ),
        (
            {"diagnostics": DIAGNOSTICS | {"toolchain": "Stan 2.37.0"}},
            "Stan programs",
            "toolchain: Stan 2.35.0 -> Stan 2.37.0",
        ),
        (
            {
                "contract": {
                    "name": "demo",
                    "tables": {"items": {"columns": {"weight": {"range": [0, 40], "단위": "kg"}}}},
                }
            },
            "contract",
            "tables.items.columns.weight.type: number -> (none); "
            "tables.items.columns.weight.range: [0, 50] -> [0, 40]; "
            "tables.items.columns.weight.단위: (none) -> kg",
        ),
        (
            {
                "manifest": {
                    "source": {"path": "/data/demo", "sha256": "d2"},
                    "tables": {"items": "a2", "clients": "k1"},
                },
                "gate": changed_gate(),
            },
            "data",
            "items (400 -> 420 rows; weight 120 -> 24 missing, 120 -> 25 faulty); "
            "plants (gone, 24 rows); clients (new, 3 rows)",
        ),
        (
            {
                "manifest": {
                    "source": {"path": "", "sha256": "d2"},
                    "tables": {"items": "a2", "plants": "b1"},
                }
            },
            "data",
            "items (400 rows; other values)",
        ),
    ],
)
def test_each_kind_is_told_alone(
    after: dict[str, Any], kind: str, what: str, report: Report
) -> None:
    assert differences(report, {}, after) == only(kind, what)


def test_the_same_tables_from_elsewhere_are_the_same_data(report: Report) -> None:
    elsewhere = {"manifest": {"source": {"path": "sqlite:///shop.db", "sha256": "other"}}}
    assert differences(report, {}, elsewhere) == dict.fromkeys(KINDS, "nothing")


def test_the_same_files_hold_the_same_data_however_they_are_read(report: Report) -> None:
    other_types = {"manifest": {"tables": {"items": "x", "plants": "y"}}}
    assert differences(report, {}, other_types)["data"] == "nothing"


def test_many_changes_are_counted(report: Report) -> None:
    many = {"manifest": {"code": {f"tasks/file_{k}.py": "1" for k in range(10)}}}
    assert differences(report, many, {"manifest": {"code": {"a.py": "1"}}})["code"].endswith(
        "tasks/file_4.py (gone); 5 more"
    )


OLD = {name: of for name, of in MANIFEST.items() if name not in ("tables", "code", "stan")}


def old_run(report: Report, source: dict[str, str] | None, **parts: Any) -> Any:
    made = run_record(report, **parts)
    return type(made)(**vars(made) | {"manifest": OLD | {"source": source}})


def test_what_older_runs_do_not_say_is_not_recorded(report: Report) -> None:
    generated = old_run(report, None)
    found = {of.kind: told(of) for of in what_changed(generated, run_record(report))}
    assert found == dict.fromkeys(KINDS, "nothing") | dict.fromkeys(
        ("data", "code", "Stan programs"), "not recorded"
    )


def test_older_runs_tell_tables_by_what_the_gate_found(report: Report) -> None:
    sources = ({"path": "", "sha256": "1"}, {"path": "", "sha256": "2"})
    gate = {"columns": [column("items", "weight", 401), *GATE["columns"][1:]]}

    def data(first: Any, second: Any) -> str:
        return told(what_changed(first, second)[0])

    assert data(old_run(report, sources[0]), old_run(report, sources[0])) == "nothing"
    assert data(old_run(report, sources[0]), old_run(report, sources[1], gate=gate)).startswith(
        "items (400 -> 401 rows; weight 120 -> 0 missing"
    )
    unknown = data(old_run(report, sources[0]), old_run(report, sources[1]))
    assert unknown == "in which tables is not recorded"


def test_older_runs_know_the_program_of_the_effects_model(report: Report) -> None:
    other = old_run(report, None, diagnostics=DIAGNOSTICS | {"program_digest": "e2"})
    found = {of.kind: of for of in what_changed(old_run(report, None), other)}
    assert told(found["Stan programs"]) == "program_digest: e1 -> e2"


def test_a_parameter_that_an_older_version_did_not_have_is_told(report: Report) -> None:
    parameters = {name: of for name, of in MANIFEST["parameters"].items() if name != "members"}
    found = differences(report, {"manifest": {"parameters": parameters}}, {})
    assert found == only("parameters", "members: (none) -> 24")


def test_contracts_are_not_mutated(report: Report) -> None:
    before = repr(CONTRACT)
    differences(report, {}, {"contract": {}})
    assert repr(CONTRACT) == before
