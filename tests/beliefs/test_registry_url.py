"""Where the registry is kept; what cannot be opened is refused without its password."""

import pickle
import sys
import traceback
from pathlib import Path

import pytest

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_priors import sessions_of
from tasks.errors import InputError, RunError
from tasks.locations import data_folder

HIDDEN = "k3in-Wort"
NOBODY_LISTENS = f"postgresql://ann:{HIDDEN}@127.0.0.1:1/whence"


def refusal(url: str) -> str:
    with pytest.raises(InputError) as refused:
        Registry.at(url)
    return "".join(traceback.format_exception(refused.value))


def test_without_a_variable_it_is_a_file_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WHENCE_DATABASE", raising=False)
    assert Registry.current().url.database == str(data_folder() / "registry.db")


def test_the_variable_names_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_DATABASE", NOBODY_LISTENS)
    url = Registry.current().url
    assert (url.drivername, url.host, url.password) == (
        "postgresql+psycopg",
        "127.0.0.1",
        HIDDEN,
    )


def test_a_relative_path_does_not_follow_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = Registry.at("sqlite:///some/registry.db")
    monkeypatch.chdir("/")
    assert registry.url.database == str(tmp_path / "some" / "registry.db")
    assert sessions_of(registry, "acme") == ()
    assert (tmp_path / "some" / "registry.db").is_file()


def test_a_folder_with_signs_of_urls_can_hold_the_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "50%20 a?b#c=데"
    monkeypatch.delenv("WHENCE_DATABASE", raising=False)
    monkeypatch.setenv("WHENCE_DATA", str(folder))
    assert sessions_of(Registry.current(), "acme") == ()
    assert (folder / "registry.db").is_file()


def test_neither_text_nor_representation_shows_the_password() -> None:
    registry = Registry.at(NOBODY_LISTENS)
    assert HIDDEN not in f"{registry} {registry!r} {registry.url} {vars(registry)}"
    assert "ann:***@127.0.0.1" in repr(registry)


def test_a_server_that_cannot_be_reached_is_told_without_the_password() -> None:
    with pytest.raises(
        RunError, match=r"^The registry postgresql\+psycopg://ann:\*\*\*@"
    ) as failed:
        sessions_of(Registry.at(NOBODY_LISTENS), "acme")
    assert "refused" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert HIDDEN not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize(
    "url",
    [
        f"nonsense {HIDDEN}",
        f"mysql://ann:{HIDDEN}@host/whence",
        f"postgresql+asyncpg://ann:{HIDDEN}@host/whence",
        f"postgresql://ann:{HIDDEN}@host:port/whence",
        f"postgresql://ann@host:{HIDDEN}/whence",
        f"postgresql://ann:p@{HIDDEN}@host/whence",
        f"postgresql://host/whence?password={HIDDEN}",
        f"postgresql://host/whence?sslpassword={HIDDEN}",
        f"sqlite:///file:{HIDDEN}?mode=memory&uri=true",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    told = refusal(url)
    assert "InputError: " in told
    assert HIDDEN not in told


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_registry_in_memory_is_refused(url: str) -> None:
    assert "needs a file that lasts" in refusal(url)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'whence[postgres]'" in refusal("postgresql://host/whence")


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("not a database, but a text of some length " * 30)
    with pytest.raises(RunError, match=r"registry\.db cannot be used: file is not a database\.$"):
        sessions_of(Registry.at(f"sqlite:///{tmp_path}/registry.db"), "acme")


def test_a_folder_that_is_a_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot be opened: .*Not a directory|File exists"):
        sessions_of(Registry.at(f"sqlite:///{tmp_path}/file/registry.db"), "acme")


def test_a_registry_that_is_not_open_travels_to_other_processes() -> None:
    registry = Registry.at(NOBODY_LISTENS)
    assert pickle.loads(pickle.dumps(registry)) == registry  # noqa: S301
