"""The key of an installation: made once, closed to others, and what is sealed with it."""

import hmac
import multiprocessing
import os
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.errors import InputError
from tasks.installation_key import check_key, is_sealed, seal


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an installation that has done nothing yet."""
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "자료"))
    return tmp_path / "자료"


def test_the_seal_is_the_hmac_of_rfc_4231(data: Path) -> None:
    data.mkdir()
    (data / "key").touch(mode=0o600)
    (data / "key").write_text("0b" * 32, encoding="ascii")
    own = hmac.new(b"\x0b" * 32, b"Hi There", sha256).hexdigest()
    assert seal(b"Hi There") == own
    (data / "key").write_text("aa" * 131, encoding="ascii")  # test case 6, with its long key
    told = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert seal(told) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


def test_a_key_is_made_once_and_is_nobody_elses(data: Path) -> None:
    check_key()
    assert not data.exists()
    first = seal(b"a")
    key = data / "key"
    assert (data.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o700, 0o600)
    assert len(bytes.fromhex(key.read_text(encoding="ascii"))) == 32
    assert seal(b"a") == first
    assert [path.name for path in data.iterdir()] == ["key"]
    key.unlink()
    assert seal(b"a") != first


def test_only_the_same_bytes_and_the_same_key_have_the_seal(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = seal(b"content")
    assert is_sealed(b"content", given)
    others = [given[:-1], "", given.upper(), f" {given}", "0" * 64, "가", given + "\n"]
    assert not any(is_sealed(b"content", other) for other in others)
    assert not is_sealed(b"Content", given)
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "other"))
    assert not is_sealed(b"content", given)
    (tmp_path / "other" / "key").write_bytes((data / "key").read_bytes())  # as a team shares it
    assert is_sealed(b"content", given)


@pytest.mark.parametrize("mode", [0o601, 0o604, 0o602, 0o620, 0o644, 0o660])
def test_a_key_that_others_may_use_is_refused(mode: int, data: Path) -> None:
    seal(b"a")
    (data / "key").chmod(mode)
    for use in (check_key, lambda: seal(b"a")):
        with pytest.raises(InputError, match="closed to others: chmod 600"):
            use()
    (data / "key").chmod(0o640)  # a mounted secret that its group may read
    check_key()


def test_a_key_of_somebody_else_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(b"a")
    owner = (data / "key").stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    if owner:
        with pytest.raises(InputError, match="must be yours"):
            seal(b"a")
    else:  # what root has put there is believed
        os.chown(data / "key", 4321, -1)
        with pytest.raises(InputError, match="must be yours"):
            seal(b"a")


@pytest.mark.parametrize("text", ["", "secret", "0b" * 31, "가" * 64])
def test_what_is_no_key_is_refused(text: str, data: Path) -> None:
    seal(b"a")
    (data / "key").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="must hold a key of 64 hexadecimal digits"):
        seal(b"a")


def _seal(data: str) -> str:
    os.environ["WHENCE_DATA"] = data
    return seal(b"a")


def test_processes_that_make_it_at_once_share_one(data: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_seal, [str(data)] * 8, chunksize=1))) == 1
    assert [path.name for path in data.iterdir()] == ["key"]
