"""The cache policy: content of inputs, code behind a step."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from pydantic import BaseModel

from tasks.cache import CONTENT, input_content
from tasks.contract import load_contract
from tasks.run_store import Artifact


def step(data: Artifact, seed: int) -> None: ...


def key(function: Any = step, **inputs: Any) -> str:
    context: Any = SimpleNamespace(task=SimpleNamespace(fn=function))
    return CONTENT.compute_key(context, inputs, {})


def test_an_artifact_counts_by_its_bytes_not_by_its_place() -> None:
    here = key(data=Artifact(path="a/features.parquet", sha256="1f"), seed=1)
    assert here == key(data=Artifact(path="b/features.parquet", sha256="1f"), seed=1)
    assert here != key(data=Artifact(path="a/features.parquet", sha256="2f"), seed=1)


def test_every_input_counts() -> None:
    data = Artifact(path="a", sha256="1f")
    keys = {
        key(data=data, seed=1),
        key(data=data, seed=2),
        key(data=data, seed=1.5),
        key(data={"x": data}, seed=1),
        key(data=[data, data], seed=1),
        key(data=data, seed="1"),
        key(data=data, seed=None),
    }
    assert len(keys) == 7


def test_another_step_has_another_key() -> None:
    def other(data: Artifact, seed: int) -> None: ...

    assert key(seed=1) != key(other, seed=1)


def test_changed_code_has_another_key(tmp_path: Path) -> None:
    def step_that_gives(value: str, folder: str) -> Any:
        """The function of one name in a module of one name, with this value."""
        path = tmp_path / folder / "steps.py"
        path.parent.mkdir()
        path.write_text(f"def step(seed):\n    return {value}\n", encoding="utf-8")
        spec = spec_from_file_location("steps", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.step

    before = key(step_that_gives("seed", "before"), seed=1)
    assert key(step_that_gives("seed", "moved"), seed=1) == before
    assert key(step_that_gives("2 * seed", "changed"), seed=1) != before


def test_the_order_of_a_mapping_does_not_count() -> None:
    assert key(data={"a": 1, "b": 2}) == key(data={"b": 2, "a": 1})


def test_a_task_of_a_contract_has_a_content() -> None:
    contract = load_contract("f1")
    keys = {key(target=contract.tasks[name]) for name in contract.tasks}
    assert len(keys) == 3
    assert len({key(contract=contract), key(contract=load_contract("demo"))}) == 2


def test_models_count_by_their_fields() -> None:
    class Settings(BaseModel):
        members: int
        data: Artifact

    settings = Settings(members=3, data=Artifact(path="a", sha256="1f"))
    assert json.dumps(input_content(settings)) == '{"members": 3, "data": {"sha256": "1f"}}'


@pytest.mark.parametrize("value", [pl.DataFrame({"a": [1]}), {1, 2}, object()])
def test_what_has_no_stable_content_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="takes plain values and artifacts, got"):
        input_content(value)
