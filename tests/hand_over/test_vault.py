# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HashiCorp Vault and OpenBao get a new version of the secret, and no write of others is lost."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import HandOver, changes
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Service
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.vault import Vault

Start = t.Callable[[Service, str, str], None]


@pytest.fixture
def vault(start: Start) -> Vault:
    vault = Vault()
    start(vault, "VAULT_ADDR", "VAULT_TOKEN")
    return vault


@pytest.fixture
def place(slot: HandOver) -> dict[str, t.Any]:
    return {"to": "vault_kv2", "path": "ci/deploy", "ca_file": str(slot.ca_file)}


def test_a_secret_that_is_not_there_is_made_and_then_left_alone(
    slot: HandOver, vault: Vault, place: dict[str, t.Any]
) -> None:
    assert changes(slot.run(place))
    assert vault.versions == {"ci/deploy": [{"api_key": slot.value}]}

    assert not changes(slot.run(place))
    assert len(vault.writes) == 1


def test_the_other_keys_of_a_secret_stay(slot: HandOver, vault: Vault, place: dict[str, t.Any]) -> None:
    others = {"user": "ci", "number": 5, "nested": {"a": [None, True]}, "text": '{{ 1 + 1 }} it\'s "so"'}
    vault.versions["ci/deploy"] = [{"old": 1}, {**others, "ibm": "the value before"}]

    slot.run({**place, "key": "ibm"})

    assert vault.current("ci/deploy") == {**others, "ibm": slot.value}


def test_a_secret_that_was_deleted_gets_the_next_version(slot: HandOver, vault: Vault, place: dict[str, t.Any]) -> None:
    vault.versions["ci/deploy"] = [{"api_key": "old"}, None]

    slot.run(place)

    assert vault.versions["ci/deploy"][2:] == [{"api_key": slot.value}]


def test_a_write_of_somebody_else_in_between_is_not_lost(slot: HandOver, vault: Vault, place: dict[str, t.Any]) -> None:
    vault.versions["ci/deploy"] = [{"user": "ci"}]
    vault.before_write = lambda: vault.versions["ci/deploy"].append({"user": "somebody"})

    told = slot.fail(place)

    assert "Somebody else wrote at the same time" in told
    assert vault.current("ci/deploy") == {"user": "somebody"}
    vault.before_write = lambda: None
    slot.run(place)
    assert vault.current("ci/deploy") == {"user": "somebody", "api_key": slot.value}


def test_a_run_that_is_killed_after_the_write_is_finished_by_the_next(
    slot: HandOver, vault: Vault, place: dict[str, t.Any]
) -> None:
    slot.kill_after_write(vault, place)

    assert not changes(slot.run(place))
    assert vault.versions == {"ci/deploy": [{"api_key": slot.value}]}


def test_check_mode_says_what_it_would_do_and_writes_nothing(
    slot: HandOver, vault: Vault, place: dict[str, t.Any]
) -> None:
    told = slot.run(place, check=True)

    assert f"would write version 1 of {vault.url}/v1/secret/data/ci/deploy" in told
    assert changes(told)
    assert vault.writes == []
    slot.run(place)
    assert not changes(slot.run(place, check=True))


def test_a_namespace_is_told(slot: HandOver, start: Start, place: dict[str, t.Any]) -> None:
    vault = Vault("team/a")
    start(vault, "VAULT_ADDR", "VAULT_TOKEN")

    slot.run({**place, "namespace": "team/a"})
    slot.run(place, VAULT_NAMESPACE="team/a")
    told = slot.fail(place)

    assert "no handler for route" in told
    assert vault.versions == {"ci/deploy": [{"api_key": slot.value}]}


def test_a_mount_of_version_1_is_not_taken_for_one_of_version_2(
    slot: HandOver, vault: Vault, place: dict[str, t.Any]
) -> None:
    told = slot.fail({**place, "mount": "old"})

    assert "answered 204" in told


@pytest.mark.parametrize("quotes", [False, True], ids=["refused", "quoting what it was sent"])
def test_what_vault_says_is_told_without_the_value(
    slot: HandOver, vault: Vault, place: dict[str, t.Any], quotes: bool
) -> None:
    vault.echoes = quotes
    told = slot.fail(place) if quotes else slot.fail(place, VAULT_TOKEN="another")

    assert slot.value[-6:] not in told
    assert ("answered 400: " if quotes else 'answered 403: {"errors": ["permission denied"]}') in told


BAD_PLACES: list[tuple[dict[str, t.Any], str]] = [
    ({"path": ""}, "a member is blank"),
    ({"path": " "}, "a member is blank"),
    ({"mount": None}, "a member is blank"),
    ({"path": None}, "a member is blank"),
    ({"paht": "x"}, "paht. Supported parameters include"),
    ({"address": {}}, "a member is blank"),
    ({"path": "../../sys/seal"}, "path is"),
    ({"path": "/ci"}, "path is"),
    ({"address": "http://127.0.0.1"}, "needs an address that begins with https://"),
    ({"address": "https://me:pass@127.0.0.1"}, "needs an address that begins with https://"),
    ({"token_env": "NOT_THERE"}, "a token in the environment variable NOT_THERE"),
    ({"token_env": "TWO_LINES"}, "a token in the environment variable TWO_LINES"),
    ({"token_env": "ENDS_IN_A_LINE"}, "a token in the environment variable ENDS_IN_A_LINE"),
    ({"token_env": "HOME; id"}, "a token in the environment variable HOME??id"),
    ({"to": "../../../etc/passwd"}, "has to be a list of places"),
    ({"to": None}, "has to be a list of places"),
    ({"to": ["vault_kv2"]}, "has to be a list of places"),
]
BAD_DATA: list[t.Any] = [{}, {"hand_over": None}, {"hand_over": {}}, {"hand_over": "x"}, {"hand_over": ["x"]}]


def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    slot: HandOver, vault: Vault, place: dict[str, t.Any]
) -> None:
    slot.environ.update(TWO_LINES="two\nlines", ENDS_IN_A_LINE=f"{vault.token}\n")
    bad = [{"hand_over": [{**place, **words}]} for words, _why in BAD_PLACES]

    told = slot.refusals(*bad, *BAD_DATA)

    expected = [words for _place, words in BAD_PLACES] + ["data.hand_over has to be a list of places"] * len(BAD_DATA)
    assert [(text, why) for text, why in zip(told, expected) if why not in text] == []
    assert vault.requests == []


@pytest.mark.parametrize("name", ["ANSIBLE_DEBUG", "ANSIBLE_KEEP_REMOTE_FILES"])
def test_nothing_is_handed_over_while_ansible_would_show_or_keep_it(
    slot: HandOver, vault: Vault, place: dict[str, t.Any], name: str
) -> None:
    assert "is handed to no place while one of them is set" in slot.fail(place, **{name: "1"})
    assert vault.requests == []


def test_a_slot_may_have_no_place_at_all(slot: HandOver) -> None:
    assert not changes(slot.run())
