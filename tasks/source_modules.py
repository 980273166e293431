"""Modules of this package: what each imports, and the files that belong to it."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.bayes.digests import digest_of
from tasks.bayes.stan_source import read_source
from tasks.locations import resource

PACKAGE = "tasks"
RESOURCES = "_resources"


@dataclass(frozen=True)
class Module:
    """One module, as it was when it was read.

    Attributes
    ----------
    path
        Its file.
    text
        Its source.
    imports
        Files of this package that it imports, at its top or further in.
    resources
        What it names by ``resource("stan", ...)``; not the whole of a top-level folder.
    """

    path: Path
    text: str
    imports: frozenset[Path]
    resources: tuple[Path, ...]


class SourceModules:
    """The modules of a package, each of which is read once.

    Parameters
    ----------
    package
        Its folder.
    """

    def __init__(self, package: Path) -> None:
        self.package = package
        self._modules: dict[Path, Module] = {}
        self._digests: dict[Path, str] = {}

    def closure(self, first: Iterable[Path]) -> list[Module]:
        """Modules and all that these import, directly or through others, by path."""
        seen: dict[Path, Module] = {}
        waiting = list(first)
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen[path] = self._module(path)
                waiting += seen[path].imports
        return [seen[path] for path in sorted(seen)]

    def digests_beside(self, module: Module) -> dict[Path, str]:
        """Digest of each file that a module names, then of those that lie beside it."""
        files = (*module.resources, *self._data.get(module.path.parent, ()))
        return {file: self._digest(file) for file in files}

    def imported(self, statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[Path, str]]:
        """Files of this package that a statement imports, with the names they are bound to."""
        for alias in statement.names:
            bound = alias.asname or alias.name.partition(".")[0]
            if isinstance(statement, ast.Import):
                dotted = [alias.name]
            else:
                dotted = [f"{statement.module}.{alias.name}", str(statement.module)]
            for name in dotted:
                top, *rest = name.split(".")
                if top == PACKAGE:
                    file = self.package.joinpath(*rest).with_suffix(".py")
                    if file.is_file():
                        yield file, bound
                        break

    def _module(self, path: Path) -> Module:
        if path not in self._modules:
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
            imports = {
                file
                for statement in statements_in(tree)
                if isinstance(statement, ast.Import | ast.ImportFrom)
                for file, _ in self.imported(statement)
            }
            named = _named_resources(tree) if "resource(" in text else ()
            self._modules[path] = Module(path, text, frozenset(imports), tuple(named))
        return self._modules[path]

    def _digest(self, file: Path) -> str:
        if file not in self._digests:
            self._digests[file] = _resource_digest(file)
        return self._digests[file]

    @cached_property
    def _data(self) -> dict[Path, list[Path]]:
        """Files that are no modules, by each folder below the package that they lie in or below."""
        found: dict[Path, list[Path]] = {}
        for path in sorted(self.package.rglob("*")):
            inner = path.relative_to(self.package)
            # Numba keeps its compiled functions in __pycache__, too.
            if path.suffix == ".py" or {"__pycache__", RESOURCES} & set(inner.parts):
                continue
            if path.is_file():
                for folder in inner.parents[:-1]:
                    found.setdefault(self.package / folder, []).append(path)
        return found


def statements_in(node: ast.AST) -> Iterator[ast.stmt]:
    """All statements below a node; no expression is looked into, since none holds a statement."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.stmt):
            yield inner
        if isinstance(inner, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from statements_in(inner)


def defined_names(node: ast.stmt) -> Iterator[str]:
    """Names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _named_resources(tree: ast.Module) -> Iterator[Path]:
    constants = {
        name: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name in defined_names(node)
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "resource":
            named = [constants.get(getattr(part, "id", ""), part) for part in call.args]
            parts = [part.value for part in named if isinstance(part, ast.Constant)]
            if len(parts) == len(call.args) > 1:
                yield resource(*map(str, parts))


def _resource_digest(path: Path) -> str:
    if path.is_dir():
        files = sorted(inner for inner in path.rglob("*") if inner.is_file())
        return digest_of(*(_resource_digest(inner) for inner in files))
    if path.suffix == ".stan":
        return read_source(path).digest
    return digest_of(path.name, path.read_bytes())
