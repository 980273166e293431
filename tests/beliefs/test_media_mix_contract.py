"""The contract's block of a media mix, and the contract of Robyn's data."""

from pathlib import Path

import pytest
import yaml

from tasks.contract import known_domains, load_contract
from tasks.errors import InputError
from tasks.relations.sources import read_tables
from tests.conftest import shared_folder

CHANNELS = {"tv": "tv_S", "ooh": "ooh_S", "print": "print_S", "facebook": "facebook_S"}


def test_the_contract_of_robyns_data_names_five_channels() -> None:
    block = load_contract("media_mix").media_mix
    assert block is not None
    assert block.channels == CHANNELS | {"search": "search_S"}
    assert block.numbers == ("revenue", *block.channels.values(), *block.controls)
    assert block.harmonics == 2
    assert load_contract("f1").media_mix is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "weeks"}, "media_mix.table: there is no table 'weeks'"),
        ({"time": "events"}, "media_mix.time: 'events' must be of type time, which is category"),
        ({"sales": "sold"}, "media_mix.sales: 'sold' is no column of dt_simulated_weekly"),
        ({"sales": "events"}, "media_mix.sales: 'events' must be of type integer or number"),
        (
            {"channels": {"tv": "tv_S", "video": "tv_S"}},
            "media_mix.channels.video: repeats media_mix.channels.tv, which is 'tv_S' too",
        ),
        ({"controls": ["tv_S"]}, "media_mix.controls.0: repeats media_mix.channels.tv"),
        ({"controls": ["DATE"]}, "media_mix.controls.0: repeats media_mix.time"),
        ({"channels": {}}, "media_mix.channels: Dictionary should have at least 1 item"),
        ({"channels": {"t[v]": "tv_S"}}, "media_mix.channels.t[v].[key]: String should match"),
        ({"harmonics": 9}, "media_mix.harmonics: Input should be less than or equal to 6"),
        ({"knots": 3}, "media_mix.knots: Extra inputs are not permitted"),
    ],
)
def test_a_block_that_does_not_fit_the_tables_is_refused_by_its_path(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    content = yaml.safe_load(known_domains()["media_mix"].read_text(encoding="utf-8"))
    content["media_mix"] |= change
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_contract(path)
    assert said in str(refused.value)


def test_robyns_data_keep_the_contract() -> None:
    contract = load_contract("media_mix")
    data = read_tables(contract, shared_folder("media_mix") / "robyn")["dt_simulated_weekly"]
    assert len(data.frame) == 208
    assert not data.unreadable.to_numpy().any()
    assert data.frame["events"].drop_nulls().to_list() == ["event1", "event2"]
