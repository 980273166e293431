"""Digest of the code that a step runs: its own lines, and every module and file behind them."""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tasks.bayes.digests import digest_of
from tasks.bayes.stan_source import read_source
from tasks.locations import resource

PACKAGE = "tasks"
LIBRARIES = (
    "numpy",
    "scipy",
    "polars",
    "pandas",
    "scikit-learn",
    "arviz",
    "dowhy",
    "great-expectations",
)
RESOURCES = "_resources"


def code_digest(function: Callable[..., Any]) -> str:
    """SHA-256 of all that decides what a function computes from its arguments.

    Parameters
    ----------
    function
        A function of this package.

    Returns
    -------
    str
        It changes with the function's own lines, with those of anything that it names in its own
        module, with any module of this package that these import (directly or through others),
        with a file that lies beside such a module or that such a module names by
        ``resource(...)``, as Stan programs are, and with the versions of the numerical libraries.
    """
    return _digest(Path(inspect.getfile(function)), function.__name__, Path(__file__).parent)


def source_digests(functions: Iterable[Callable[..., Any]]) -> dict[str, str]:
    """Digest of each file of this project behind some functions, and of their own lines.

    Parameters
    ----------
    functions
        Of this package.

    Returns
    -------
    dict
        By path below the project's root: the modules and files that `code_digest` sees. A
        function's own lines stand under the path of its module and its name, such as
        ``tasks/relations/steps.py:check_data``.
    """
    package = Path(__file__).parent
    modules: set[Path] = set()
    found = {}
    for function in functions:
        path = Path(inspect.getfile(function))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(_reached(tree, function.__name__))
        own = f"{_shipped_name(path, package)}:{function.__name__}"
        found[own] = digest_of(*(ast.unparse(node) for node in nodes))
        modules |= {module for node in nodes for module in _imports(tree, node, package)}
    for file in _closure(modules, package):
        for used in (*_resources(file), *_data_beside(file)):
            found[_shipped_name(used, package)] = _resource_digest(used)
        found[_shipped_name(file, package)] = digest_of(file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def _shipped_name(path: Path, package: Path) -> str:
    """Path below the project's root, in an installed copy that which it has in the source tree."""
    root = resource()
    return path.relative_to(root if path.is_relative_to(root) else package.parent).as_posix()


@cache
def _digest(path: Path, name: str, package: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(_reached(tree, name))
    modules = {module for node in nodes for module in _imports(tree, node, package)}
    files = sorted(_closure(modules, package))
    parts = [ast.unparse(node) for node in nodes]
    parts += [f"{library} {version(library)}" for library in LIBRARIES]
    for file in files:
        parts += [file.relative_to(package).as_posix(), file.read_text(encoding="utf-8")]
        parts += [_resource_digest(used) for used in _resources(file)]
        parts += [_resource_digest(data) for data in _data_beside(file)]
    return digest_of(*parts)


def _reached(tree: ast.Module, name: str) -> Iterator[ast.stmt]:
    """A definition of a module, and those of the same module that it names."""
    definitions = {known: node for node in tree.body for known in _defined(node)}
    seen, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in definitions:
            continue
        seen.add(current)
        waiting += sorted(_names(definitions[current]))
    order = {id(node): node for node in tree.body if set(_defined(node)) & seen}
    yield from order.values()


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _imports(tree: ast.Module, node: ast.stmt, package: Path) -> set[Path]:
    """Modules of this package behind the imported names that a definition uses."""
    used = _names(node)
    outer = [found for found in tree.body if isinstance(found, ast.Import | ast.ImportFrom)]
    inner = [found for found in ast.walk(node) if isinstance(found, ast.Import | ast.ImportFrom)]
    return {
        module
        for statement in (*outer, *inner)
        for module, bound in _bindings(statement, package)
        if statement in inner or bound in used
    }


def _bindings(statement: ast.Import | ast.ImportFrom, package: Path) -> Iterator[tuple[Path, str]]:
    """Files of this package that a statement imports, with the names that they are bound to."""
    for alias in statement.names:
        bound = alias.asname or alias.name.partition(".")[0]
        if isinstance(statement, ast.Import):
            dotted = [alias.name]
        else:
            dotted = [f"{statement.module}.{alias.name}", str(statement.module)]
        for name in dotted:
            top, *rest = name.split(".")
            place = package.joinpath(*rest)
            if top == PACKAGE and place.with_suffix(".py").is_file():
                yield place.with_suffix(".py"), bound
                break


def _closure(modules: set[Path], package: Path) -> set[Path]:
    seen: set[Path] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for statement in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                waiting += [file for file, _ in _bindings(statement, package)]
    return seen


def _resources(module: Path) -> Iterator[Path]:
    """What a module names by ``resource("stan", ...)``; not the whole of a top-level folder."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    constants = {
        name: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name in _defined(node)
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "resource":
            named = [constants.get(getattr(part, "id", ""), part) for part in call.args]
            parts = [part.value for part in named if isinstance(part, ast.Constant)]
            if len(parts) == len(call.args) > 1:
                yield resource(*map(str, parts))


def _data_beside(module: Path) -> list[Path]:
    beside = module.parent.rglob("*")
    return sorted(
        path
        for path in beside
        if path.is_file()
        and path.suffix != ".py"
        and "__pycache__" not in path.parts  # Numba keeps its compiled functions there, too
        and module.parent.name != PACKAGE
        and RESOURCES not in path.parts
    )


def _resource_digest(path: Path) -> str:
    if path.is_dir():
        files = sorted(inner for inner in path.rglob("*") if inner.is_file())
        return digest_of(*(_resource_digest(inner) for inner in files))
    if path.suffix == ".stan":
        return read_source(path).digest
    return digest_of(path.name, path.read_bytes())
