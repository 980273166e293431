"""YAML of plain values that names no key twice and holds no more than it shows."""

from collections.abc import Hashable
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

import yaml

from tasks.errors import InputError

MOST_BYTES = 16 * 2**20
MOST_NODES = 1_000_000
MERGE = "tag:yaml.org,2002:merge"


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Parameters
    ----------
    path
        Of a file in UTF-8.

    Returns
    -------
    object
        Plain values; None where the file is empty. No tag makes an object of anything else.

    Raises
    ------
    InputError
        If it is no file or none in UTF-8, is no YAML, names a key twice, or is too large, also
        where that shows only once its aliases are written out.
    """
    try:
        status = path.stat()
        if not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):
            raise InputError(f"{path} must be a file, which a device or pipe is not.")
        if status.st_size > MOST_BYTES:
            raise InputError(f"{path} must have at most {MOST_BYTES // 2**20} MB: split it.")
        return _parse(path.read_text(encoding="utf-8"))
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"The file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} must be in UTF-8: {error}.") from error
    except RecursionError as error:
        raise InputError(f"{path} must be YAML, and is nested too deeply.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path} must be YAML: {error}") from error


def _parse(text: str) -> Any:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(loader, node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check(loader: Any, node: yaml.Node, sizes: dict[int, int]) -> int:
    """Number of nodes below one, and itself, with every alias written out."""
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = MOST_NODES + 1  # of an alias inside of what it stands for
    if isinstance(node, yaml.ScalarNode):
        node.value.encode()  # halves of characters are none
        size = 1
    elif isinstance(node, yaml.MappingNode):
        _check_keys(loader, node)
        size = 1 + sum(_check(loader, part, sizes) for pair in node.value for part in pair)
    else:
        size = 1 + sum(_check(loader, part, sizes) for part in node.value)
    if size > MOST_NODES:
        raise _refusal(f"holds more than {MOST_NODES:,} values, aliases written out", node)
    sizes[id(node)] = size
    return size


def _check_keys(loader: Any, node: yaml.MappingNode) -> None:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == MERGE:
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise _refusal(f"{key!r} is written twice", key_node)
        seen.add(key)


def _refusal(what: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, what, node.start_mark)
