"""The contract that a main job uses: all of it, without what earlier steps ignore, and as text."""

import yaml

from flows.parameters import AnalysisParameters
from tasks.contract import load_contract
from tasks.domain import CheckThresholds, Costs, DemoSource, Domain, Task
from tasks.errors import InputError
from tasks.targets import find_task


def resolve(parameters: AnalysisParameters) -> tuple[Domain, str, Task]:
    """Contract, name and definition of the task of a run.

    Raises
    ------
    InputError
        If there is no such contract or task, or `documents` is given for another domain than the
        demo.
    """
    contract = load_contract(parameters.domain)
    if parameters.documents is not None:
        if not isinstance(contract.source, DemoSource):
            raise InputError(f"documents is a parameter of the demo alone, got {contract.name}.")
        source = contract.source.model_copy(update={"documents": parameters.documents})
        contract = contract.model_copy(update={"source": source})
    return contract, *find_task(contract, parameters.target)


def schema_of(contract: Domain) -> Domain:
    """The contract without what only later steps ask for, so that earlier ones stay cached."""
    update: dict[str, object] = {
        "tasks": {},
        "costs": Costs(),
        "causal_graph": (),
        "actions": {},
        "priors": {},
        "decision_worth": None,
        "check_thresholds": CheckThresholds(),
        "media_mix": None,
        "title": "",
    }
    source = contract.source
    if not isinstance(source, DemoSource):
        update["source"] = source.model_copy(update={"location": None})
    return contract.model_copy(update=update)


def as_yaml(contract: Domain, name: str, target: Task) -> str:
    """The contract with the one task of a run."""
    used = contract.model_copy(update={"tasks": {name: target}})
    content = used.model_dump(mode="json", exclude_defaults=True)
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
