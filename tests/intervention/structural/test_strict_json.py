"""JSON from outside is parsed as it stands, or refused with one sentence."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InputError
from tasks.intervention.structural.strict_json import decode_utf8, parse_json, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_whatever_is_json_comes_back(value: object, escaped: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The request must be JSON: Expecting value at line 1, column 1"),
        (b'{"a": 1,\n "b" 2}', "must be JSON: .* at line 2, column 6"),
        (b"[1] [2]", "must be JSON: Extra data at line 1, column 5"),
        (b"[1,]", "must be JSON: "),
        (b'"\xff"', "must be in UTF-8, byte 1 "),
        ('{"이름": 1}'.encode("utf-16"), "must be in UTF-8, byte 0 "),
        (b'\xef\xbb\xbf["\xe0\x80"]', "must be in UTF-8, byte 5 "),
        (b'{"a": 1, "b": 2, "a": 1}', "holds the key 'a' twice in one object"),
        ('[{"x": {"이름": 1, "이름": 2}}]'.encode(), "holds the key '이름' twice"),
        (b'{"a": 1, "\\u0061": 2}', "holds the key 'a' twice"),
        (b"[" * 10_000_000, "nested too deeply"),
        (b'{"a":' * 1_000_000, "nested too deeply"),
        (b"[1, -" + b"9" * 4301 + b"]", "whole number of too many digits"),
        (b'["\\ud800"]', r"escape whole characters, \\ud800 is half"),
        (b'{"\\uDC00": 1}', r"escape whole characters, \\udc00 is half"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_broken_or_ambiguous_json_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        parse_json(data)
    assert len(str(refusal.value)) < 200


def test_the_same_key_in_two_objects_is_no_repetition() -> None:
    assert parse_json(b'[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_numbers_that_are_not_finite_pass() -> None:
    parsed = parse_json(b"[NaN, Infinity, -Infinity, 1e400]")
    assert isinstance(parsed, list)
    assert math.isnan(parsed[0])
    assert parsed[1:] == [math.inf, -math.inf, math.inf]


def test_a_number_of_as_many_digits_as_python_reads_passes() -> None:
    assert parse_json(b"9" * 4300) == 10**4300 - 1


def test_a_byte_order_mark_and_escaped_pairs_pass() -> None:
    assert parse_json(b'\xef\xbb\xbf"\\ud83d\\ude00 \\\\ud800"') == "\N{GRINNING FACE} \\ud800"


def test_what_was_parsed_is_named() -> None:
    with pytest.raises(InputError, match=r"^The graph must be JSON"):
        parse_json(b"nonsense", "The graph")
    with pytest.raises(InputError, match=r"^The graph must be in UTF-8"):
        decode_utf8(b"\xb0\xa1", "The graph")


def test_a_file_is_parsed_and_named_where_it_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "자료.json"
    with pytest.raises(InputError, match=r"자료\.json cannot be read: No such file"):
        read_json(path)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_json(tmp_path)
    path.write_bytes(b"[1")
    with pytest.raises(InputError, match=r"자료\.json must be JSON"):
        read_json(path)
    path.write_bytes(b"[1]")
    assert read_json(path) == [1]
