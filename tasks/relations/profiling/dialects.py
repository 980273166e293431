"""How CSV files that nobody has described are written."""

import csv
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from charset_normalizer import from_bytes

from tasks.domain import Dialect
from tasks.errors import InputError
from tasks.relations.csv_files import DELIMITERS

ENCODINGS = ["cp949", "cp1252", "cp1250", "cp1251", "cp932", "gb18030", "big5", "utf_16"]
"""Those that spreadsheets write where they do not write UTF-8."""
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
SAMPLE = 2_000_000
"""Bytes of a file that are looked at."""
LINES = 200
WITH_COMMA = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+$"
WITH_POINT = r"^[+-]?\d+\.\d+$"


def find_dialect(files: Sequence[Path]) -> Dialect:
    """How the CSV files of one folder are written.

    Parameters
    ----------
    files
        At least one.

    Returns
    -------
    Dialect
        The encoding is UTF-8 wherever all bytes are of it. A comma stands before fractions only
        where more numbers of the files are written so than with a point, and where it does not
        stand between fields.

    Raises
    ------
    InputError
        If the files differ.
    """
    samples = {path: _sample(path) for path in files}
    encodings = {path: _encoding(sample) for path, sample in samples.items()}
    encoding = _agreed("encoding", {path: one for path, one in encodings.items() if one != "ascii"})
    encoding = encoding or "utf-8"
    texts = {
        path: sample.decode(encoding, errors="replace").removeprefix("\ufeff")
        for path, sample in samples.items()
    }
    delimiters = {path: sign for path, text in texts.items() if (sign := _delimiter(text))}
    delimiter = _agreed("delimiter", delimiters) or ","
    comma, point = 0, 0
    for text in texts.values():
        fields = _fields(text, delimiter)
        comma += int(fields.str.contains(WITH_COMMA).sum())
        point += int(fields.str.contains(WITH_POINT).sum())
    return Dialect(
        delimiter=delimiter,
        decimal="," if comma > point and delimiter != "," else ".",
        encoding=encoding,
    )


def _sample(path: Path) -> bytes:
    """The beginning of a file, up to the end of a line."""
    with path.open("rb") as file:
        held = file.read(SAMPLE)
        return held + file.readline() if len(held) == SAMPLE else held


def _encoding(sample: bytes) -> str:
    if sample.startswith(UTF16_MARKS):
        return "utf-16"
    if sample.isascii():
        return "ascii"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(sample, cp_isolation=ENCODINGS).best()
        return best.encoding if best else "utf-8"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The sign that splits the first line into most fields, and other lines into as many."""
    lines = [line for line in text.splitlines()[:LINES] if line.strip()]
    counts = {
        sign: [len(fields) for fields in csv.reader(lines, delimiter=sign)] for sign in DELIMITERS
    }
    even = {
        sign: found[0]
        for sign, found in counts.items()
        if found and found[0] > 1 and 2 * found.count(found[0]) > len(found)
    }
    return max(even, key=lambda sign: even[sign], default="")


def _fields(text: str, delimiter: str) -> pl.Series:
    lines = csv.reader(text.splitlines()[1:LINES], delimiter=delimiter)
    return pl.Series([field.strip() for line in lines for field in line], dtype=pl.String)


def _agreed(what: str, found: dict[Path, str]) -> str:
    if len(set(found.values())) > 1:
        told = ", ".join(f"{path.name}: {one!r}" for path, one in list(found.items())[:4])
        raise InputError(
            f"The CSV files of a folder must have one {what}, got {told}: write them alike, or put "
            "them into folders of their own."
        )
    return next(iter(found.values()), "")
