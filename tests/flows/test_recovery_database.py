"""A database that goes away while a run reads it: one sentence, and the next run goes on."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import make_url

from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.errors import RunError
from tests.relations.sql_databases import fill

from .conftest import SIZES, SmallDatabase

pytestmark = pytest.mark.usefixtures("prefect_server")

SOCKET = ".s.PGSQL.5432"
TRIES = 3


class Line:
    """A line to a PostgreSQL server that breaks after so many bytes of answer, once it is told.

    Attributes
    ----------
    breaks_after
        Bytes; None while the line holds.
    broken
        How many connections it has broken.
    """

    def __init__(self, folder: Path, server: str) -> None:
        self.breaks_after: int | None = None
        self.broken = 0
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / SOCKET))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                asking, _ = self._listening.accept()
                answering = socket.socket(socket.AF_UNIX)
                answering.connect(self._server)
                for source, sink, is_answer in (
                    (asking, answering, False),
                    (answering, asking, True),
                ):
                    carry = threading.Thread(
                        target=self._carry, args=(source, sink, is_answer), daemon=True
                    )
                    carry.start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        carried = 0
        with suppress(OSError):
            while content := source.recv(4096):
                carried += len(content)
                if is_answer and self.breaks_after is not None and carried > self.breaks_after:
                    self.broken += 1
                    break
                sink.sendall(content)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(postgres_server: str, tmp_path: Path) -> Iterator[Line]:
    folder = str(make_url(postgres_server).query["host"])
    line = Line(tmp_path, f"{folder}/{SOCKET}")
    yield line
    line.close()


def test_a_database_that_is_lost_is_told_in_one_sentence_and_the_next_run_goes_on(
    database: SmallDatabase,
    line: Line,
    runs_root: Path,
    new_database: Callable[[str], str],
    tmp_path: Path,
) -> None:
    database.write()
    served = new_database("postgresql")
    fill(served, {name: _dated(frame) for name, frame in database.tables.items()})
    through_line = make_url(served).update_query_dict({"host": str(tmp_path)})
    values = {
        "domain": str(database.contract),
        "source": through_line.render_as_string(hide_password=False),
        **SIZES,
        "seed": 5,
    }
    parameters = parse_parameters(AnalysisParameters, values)

    def manifest(run: str) -> dict[str, dict[str, object]]:
        return json.loads((runs_root / run / "manifest.json").read_text(encoding="utf-8"))

    def break_the_line() -> None:
        line.breaks_after, line.broken = 20_000, 0
        with pytest.raises(RunError, match=r"^The database .* could not be read to the end: .*$"):
            run_locally(intervention_analysis, parameters)
        assert line.broken == TRIES
        line.breaks_after = None

    break_the_line()
    first = manifest(run_locally(intervention_analysis, parameters))
    break_the_line()
    again = manifest(run_locally(intervention_analysis, parameters))
    assert {title for title, step in again["steps"].items() if not step["cached"]} == set()
    assert again["digests"] == first["digests"]


def _dated(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.selectors.temporal().cast(pl.Date))
