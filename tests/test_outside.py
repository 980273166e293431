"""Full disks and killed processes in plain words; all else as it is."""

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tasks.errors import FullDiskError, InputError, KilledError, RunError
from tasks.outside import explain, explaining, process_error

LIMITED = """
import resource, sys
from pathlib import Path
from tasks.errors import FullDiskError
from tasks.run_store import RunStore
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
store = RunStore(sys.argv[1])
print(store.save_text("small.txt", "a" * 4000).name)
try:
    store.save_text("large.txt", "a" * 6000)
except FullDiskError as error:
    print(error)
"""


def end(number: int) -> None:
    os.kill(os.getpid(), number)


def test_a_device_without_room_is_told_in_one_sentence() -> None:
    with (
        pytest.raises(FullDiskError, match=r"^There is no room on a disk .*Free: .* GB in .*$"),
        explaining(),
    ):
        Path("/dev/full").write_text("a", encoding="utf-8")


def test_a_file_that_finds_no_room_is_not_there_at_all(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "runs")]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    saved, told = said.splitlines()
    assert saved == "small.txt"
    assert "(File too large)" in told
    kept = [path.name for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert kept == ["small.txt"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EDQUOT, "Disk quota exceeded", "/x/a.txt"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
        RunError("make failed:\ncc1plus: fatal error: No space left on device"),
    ],
)
def test_what_others_say_of_a_full_disk_is_understood(error: Exception) -> None:
    assert isinstance(explain(error), FullDiskError)
    outer = ValueError("what came of it")
    outer.__cause__ = error
    assert isinstance(explain(outer), FullDiskError)


def test_a_worker_process_that_is_killed_is_told() -> None:
    with (
        pytest.raises(KilledError, match=r"^A worker process was killed.*memory.*start again"),
        explaining(),
        ProcessPoolExecutor(1) as pool,
    ):
        pool.submit(end, signal.SIGKILL).result()


def test_a_compiler_that_is_killed_is_told() -> None:
    said = "make failed:\ng++: fatal error: Killed signal terminated program cc1plus"
    assert "The C++ compiler was killed" in str(explain(RunError(said)))


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (-signal.SIGKILL, KilledError, "mean was killed by SIGKILL while it sampled, as the"),
        (-signal.SIGTERM, KilledError, "mean was killed by SIGTERM while it sampled, as the"),
        (-signal.SIGXFSZ, FullDiskError, "mean may write no larger file"),
        (-signal.SIGSEGV, RunError, "mean was ended by SIGSEGV while it sampled: it said nothing"),
        (1, RunError, "mean ended with code 1 while it sampled: it said nothing"),
    ],
)
def test_how_a_program_ended_is_told(code: int, kind: type[RunError], told: str) -> None:
    error = process_error("mean", "sampled", code, "")
    assert type(error) is kind
    assert told in str(error)


@pytest.mark.parametrize(
    "error", [InputError("x"), RunError("y"), ValueError("z"), FileNotFoundError(errno.ENOENT, "a")]
)
def test_what_has_its_reason_inside_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, explaining():
        raise error
    assert caught.value is error


def test_an_error_that_was_dealt_with_is_no_reason() -> None:
    error = ValueError("another")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device")
    error.__suppress_context__ = True
    assert explain(error) is None
