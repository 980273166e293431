"""Digest of the code that a step runs: its own lines, and every module and file behind them."""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tasks.bayes.digests import digest_of
from tasks.locations import resource
from tasks.source_modules import SourceModules, defined_names

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


@cache
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
    return digest_in(_package(), Path(inspect.getfile(function)), function.__name__)


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
    package = _package()
    modules: set[Path] = set()
    found = {}
    for function in functions:
        path = Path(inspect.getfile(function))
        lines, imported = _own_lines(package, path, function.__name__)
        found[f"{_shipped_name(path)}:{function.__name__}"] = digest_of(*lines)
        modules |= imported
    for module in package.closure(modules):
        beside = package.digests_beside(module)
        found |= {_shipped_name(file): digest for file, digest in beside.items()}
        found[_shipped_name(module.path)] = digest_of(module.text)
    return dict(sorted(found.items()))


def digest_in(package: SourceModules, path: Path, name: str) -> str:
    """What `code_digest` is of a function of a module, by the files of a package as it was read."""
    parts, imported = _own_lines(package, path, name)
    parts += [f"{library} {version(library)}" for library in LIBRARIES]
    for module in package.closure(imported):
        parts += [module.path.relative_to(package.package).as_posix(), module.text]
        parts += package.digests_beside(module).values()
    return digest_of(*parts)


@cache
def _package() -> SourceModules:
    """The modules of this package: a process goes on with the code that it has loaded."""
    return SourceModules(Path(__file__).parent)


def _shipped_name(path: Path) -> str:
    """Path below the project's root, in an installed copy that which it has in the source tree."""
    root = resource()
    above = root if path.is_relative_to(root) else Path(__file__).parents[1]
    return path.relative_to(above).as_posix()


def _own_lines(package: SourceModules, path: Path, name: str) -> tuple[list[str], set[Path]]:
    """What a function is made of in its own module, and the modules that this imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(_reached(tree, name))
    imported = {module for node in nodes for module in _imports(tree, node, package)}
    return [ast.unparse(node) for node in nodes], imported


def _reached(tree: ast.Module, name: str) -> Iterator[ast.stmt]:
    """A definition of a module, and those of the same module that it names."""
    definitions = {known: node for node in tree.body for known in defined_names(node)}
    seen, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in definitions:
            continue
        seen.add(current)
        waiting += sorted(_names(definitions[current]))
    order = {id(node): node for node in tree.body if set(defined_names(node)) & seen}
    yield from order.values()


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _imports(tree: ast.Module, node: ast.stmt, package: SourceModules) -> set[Path]:
    """Modules of this package behind the imported names that a definition uses."""
    used = _names(node)
    outer = [found for found in tree.body if isinstance(found, ast.Import | ast.ImportFrom)]
    inner = [found for found in ast.walk(node) if isinstance(found, ast.Import | ast.ImportFrom)]
    return {
        module
        for statement in (*outer, *inner)
        for module, bound in package.imported(statement)
        if statement in inner or bound in used
    }
