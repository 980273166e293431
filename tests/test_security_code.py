"""What the code may do that could hurt: every place is known, and why it does none."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_house import ROOT, source_files

LOADS = "loads what is code"
PROCESS = "starts a process"
SOCKET = "opens a socket"
SQL = "sends SQL as a text"
ALIASES = {"np": "numpy", "pl": "polars", "az": "arviz", "xr": "xarray", "sp": "subprocess"}
FORBIDDEN = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "tempfile.mktemp",
    "hashlib.md5",
    "hashlib.sha1",
    "random.seed",
    "numpy.random.seed",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "yaml.load_all",
    "pickle.load",
    "pickle.Unpickler",
    "cloudpickle.load",
    "dill.load",
    "dill.loads",
    "marshal.loads",
    "shelve.open",
    "pandas.read_pickle",
    "joblib.Memory",
    "requests.get",
    "requests.post",
    "urllib.request.urlopen",
    "xml.etree.ElementTree.parse",
    "webbrowser.get",
}
WATCHED = {
    "pickle.loads": LOADS,
    "cloudpickle.loads": LOADS,
    "joblib.load": LOADS,
    "torch.load": LOADS,
    "importlib.import_module": LOADS,
    "ctypes.CDLL": LOADS,
    "pkgutil.resolve_name": LOADS,
    "subprocess.run": PROCESS,
    "subprocess.Popen": PROCESS,
    "subprocess.check_output": PROCESS,
    "subprocess.check_call": PROCESS,
    "subprocess.call": PROCESS,
    "os.execv": PROCESS,
    "os.execve": PROCESS,
    "os.fork": PROCESS,
    "asyncio.create_subprocess_exec": PROCESS,
    "asyncio.create_subprocess_shell": PROCESS,
    "socket.create_server": SOCKET,
    "socket.socket": SOCKET,
    "uvicorn.run": SOCKET,
    "urllib.request.build_opener": SOCKET,
}
KNOWN = {
    ("tasks/pickle_ledger.py", "pickle.loads"): "bytes that the ledger knows",
    ("tasks/uncertainty/files.py", "joblib.load"): "its digest is that of a sealed result",
    ("tasks/uncertainty/files.py", "pickle.loads"): "what was written a line above",
    ("tasks/shipping.py", "pickle.loads"): "from a private folder of the process that asks",
    ("tasks/dask_client.py", "pickle.loads"): "between a client and its own workers",
    ("tasks/dask_client.py", "importlib.import_module"): "Dask",
    ("tasks/uncertainty/neural_settings.py", "importlib.import_module"): "PyTorch",
    ("flows/commands/beliefs.py", "importlib.import_module"): "a flow of ours",
    ("flows/api_child.py", "pkgutil.resolve_name"): "names that the service wrote",
    ("flows/api_child.py", "asyncio.create_subprocess_exec"): "Python, a module of ours",
    ("flows/temporary_server.py", "subprocess.Popen"): "waits, with a number for an argument",
    ("flows/installation/processes.py", "ctypes.CDLL"): "the C library",
    ("tasks/bayes/batch.py", "subprocess.Popen"): "a compiled program",
    ("tasks/bayes/compiler.py", "subprocess.run"): "make, and the compiler's version",
    ("tasks/bayes/log_density.py", "subprocess.run"): "a compiled program",
    ("tasks/bayes/stan_source.py", "subprocess.run"): "stanc, which runs no program",
    ("flows/commands/api.py", "socket.create_server"): "where the guard lets it",
    ("flows/commands/api.py", "socket.socket"): "one that `whence serve` opened",
}
MUST = [
    ("polars.read_parquet", "glob", False, "takes a name for a pattern"),
    ("polars.scan_parquet", "glob", False, "takes a name for a pattern"),
    ("polars.read_csv", "glob", False, "takes a name for a pattern"),
    ("jinja2.Environment", "autoescape", True, "escapes nothing"),
]
MUST_NOT = {"shell": "starts a shell", "allow_pickle": "allows pickles"}
OWN_SERVERS = ("flows/installation/", "flows/service/", "flows/release/")
"""They start Python with modules of ours, and serve on sockets that `flows/commands` opened."""


def dotted(node: ast.expr) -> str:
    """A name as it is written, such as ``np.random.seed``; empty where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported_names(tree: ast.AST) -> dict[str, str]:
    """What names of a module stand for."""
    found = dict(ALIASES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {of.asname: of.name for of in node.names if of.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {of.asname or of.name: f"{node.module}.{of.name}" for of in node.names}
    return found


def used_names(tree: ast.AST) -> Iterator[str]:
    """All that a module names, wherever: a function may be handed on and called elsewhere."""
    known = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and (name := dotted(node)):
            first, dot, rest = name.partition(".")
            yield known.get(first, first) + dot + rest


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    known = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, dot, rest = dotted(node.func).partition(".")
            if known.get(first, first) + dot + rest == name:
                yield node


def keywords(call: ast.Call) -> dict[str | None, object]:
    return {
        of.arg: of.value.value if isinstance(of.value, ast.Constant) else of.value
        for of in call.keywords
    }


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def offences(root: Path) -> list[str]:
    found: list[str] = []
    for path in source_files(root):
        place = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = set(used_names(tree))
        found += [f"{place} uses {name}" for name in sorted(names & FORBIDDEN)]
        for name in sorted(names & WATCHED.keys()):
            if not is_known(place, name):
                found.append(f"{place} {WATCHED[name]}: {name}")
        for node in ast.walk(tree):
            given = keywords(node) if isinstance(node, ast.Call) else {}
            found += [
                f"{place} {said}"
                for keyword, said in MUST_NOT.items()
                if given.get(keyword, False) is not False
            ]
        found += [f"{place} listens everywhere" for text in texts(tree) if text == "0.0.0.0"]  # noqa: S104
        for name, keyword, value, said in MUST:
            found += [
                f"{place} {said}"
                for call in calls(tree, name)
                if keywords(call).get(keyword) is not value
            ]
    return found


def is_known(place: str, name: str) -> bool:
    if (place, name) in KNOWN:
        return True
    return place.startswith(OWN_SERVERS) and WATCHED[name] in (PROCESS, SOCKET)


def test_every_place_that_could_hurt_is_known() -> None:
    assert offences(ROOT) == []


def test_every_known_place_is_there() -> None:
    """A list that names what is gone would let it come back unseen."""
    for place, name in KNOWN:
        tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
        assert name in set(used_names(tree)), (place, name)


HARMFUL = [
    ("import pickle\npickle.load(open('a', 'rb'))", "uses pickle.load"),
    ("from pickle import loads\nloads(b'')", "loads what is code: pickle.loads"),
    ("import pickle as p\nread = p.loads", "loads what is code: pickle.loads"),
    ("import joblib\njoblib.load('a')", "loads what is code: joblib.load"),
    ("import torch\ntorch.load('a', weights_only=False)", "loads what is code: torch.load"),
    ("import numpy as np\nnp.load('a', allow_pickle=True)", "allows pickles"),
    ("import numpy as np\nnp.load('a', allow_pickle=bool(1))", "allows pickles"),
    ("import yaml\nyaml.load('a', Loader=yaml.Loader)", "uses yaml.load"),
    ("eval('1')", "uses eval"),
    ("from tempfile import mktemp\nmktemp()", "uses tempfile.mktemp"),
    ("import subprocess\nsubprocess.run('ls', shell=True)", "starts a shell"),
    ("import subprocess as sp\nsp.run(['ls'])", "starts a process: subprocess.run"),
    ("import asyncio\nasyncio.create_subprocess_shell('ls')", "starts a process"),
    ("import socket\nsocket.create_server(('', 1))", "opens a socket"),
    ("HOST = '0.0.0.0'", "listens everywhere"),
    ("import polars as pl\npl.read_parquet('a*')", "takes a name for a pattern"),
    ("import jinja2\njinja2.Environment()", "escapes nothing"),
    ("import jinja2\njinja2.Environment(autoescape=False)", "escapes nothing"),
    ("import hashlib\nhashlib.md5(b'')", "uses hashlib.md5"),
]


@pytest.mark.parametrize(("code", "said"), HARMFUL)
def test_the_audit_sees_what_hurts(code: str, said: str, tmp_path: Path) -> None:
    for place in ("tasks/room.py", "flows/job.py"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(code, encoding="utf-8")
    found = offences(tmp_path)
    assert len(found) >= 2
    assert all(any(said in of and place in of for of in found) for place in ("tasks/", "flows/"))


def test_the_audit_lets_harmless_code_be(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    harmless = (
        "import re\nimport numpy as np\nimport yaml\nimport pickle\n"
        "re.compile('a')\nnp.load('a')\nnp.load('a', allow_pickle=False)\n"
        "yaml.safe_load('a')\npickle.dumps(1)\nHOST = '127.0.0.1'\n"
    )
    (tmp_path / "tasks" / "room.py").write_text(harmless, encoding="utf-8")
    assert offences(tmp_path) == []
