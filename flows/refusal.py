"""Why parameters are refused, in a sentence."""

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def refusal(kind: type[BaseModel], error: ValidationError) -> str:
    """What breaks the rules of a flow's parameters, and which parameters there are."""
    problems = "; ".join(map(_problem, error.errors()))
    return f"{problems}. Parameters are {', '.join(kind.model_fields)}."


def _problem(entry: ErrorDetails) -> str:
    """A rule of our own speaks for itself; of any other say which parameter, and what came."""
    if entry["type"] == "value_error":
        return str(entry["ctx"]["error"]).rstrip(".")
    name = ".".join(map(str, entry["loc"]))
    if entry["type"] == "extra_forbidden":
        return f"There is no parameter {name!r}"
    rule = entry["msg"].replace("Input should be", "must be").partition(", unable")[0]
    return f"{name} {rule}, got {entry['input']!r:.60}"
