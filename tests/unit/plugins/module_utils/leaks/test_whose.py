# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a look-up tells where IAM refuses a part of it: only "unknown" says that there is no such key."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import BadCredentials, UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks import whose
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import Item
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import describe, look, look_at, why_alive


class Elsewhere:
    """IAM as it is seen with credentials that see no key; a log-in is refused for a reason."""

    def __init__(self, refusal: Exception) -> None:
        self.api_keys, self.refusal = self, refusal

    def find_by_value(self, _key_value: str) -> None:
        return None

    def log_in_with(self, _key_value: str) -> t.Any:
        raise self.refusal


@pytest.mark.parametrize("is_strong", [True, False])
@pytest.mark.parametrize(
    ("refusal", "is_there"), [(BadCredentials("not from this address"), True), (UnknownKeyValue("no such key"), False)]
)
def test_a_value_that_is_refused_and_not_unknown_may_live(refusal: Exception, is_there: bool, is_strong: bool) -> None:
    client: t.Any = Elsewhere(refusal)

    assert look(client, Item("line 1", None, ("x" * 44,), is_strong)).is_there is is_there


VALUE = "own-Value-of-32-or-more-characters-0"


def test_a_caller_who_may_see_no_key_by_its_value_learns_by_a_log_in(scene: t.Any) -> None:
    scene.user.create_key(name="loose", apikey=VALUE)
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "status", "status": 403, "times": 99, "path": "/v1/apikeys/details"})

    seen = look(client, Item("line 1", None, (VALUE,)))

    assert (seen.key, seen.log_in, seen.is_there) == (None, "works", True)
    assert f"it logs in, as {scene.iam_id} of account {scene.account_id}: " in why_alive(seen)


@pytest.mark.parametrize("state", ["disabled", "refused"])
def test_what_keeps_a_leak_open_is_told(scene: t.Any, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = scene.emulator.add_account()
    scene.emulator.worlds[other.account_id].keys[other.api_key_id].disabled = state == "disabled"
    client = scene.connect()
    client.caller()
    if state == "refused":
        refused = ("refused", None, "not from this address")
        monkeypatch.setattr(whose, "try_log_in", lambda _client, _key_value: refused)

    words = why_alive(look(client, Item("line 1", None, (other.api_key,))))

    expected = "of a disabled key that this caller does not see" if state == "disabled" else "not from this address"
    assert expected in words
    assert other.api_key not in words


def test_a_key_whose_owner_and_last_use_are_not_told_is_described_without_them(scene: t.Any) -> None:
    owner = scene.user.create_service_id(name="ci")
    key = scene.user.create_key(name="loose", iam_id=owner["iam_id"], apikey=VALUE)
    client = scene.connect()
    seen = look(client, Item("entry 1", key["id"]))
    refused = {"kind": "status", "status": 403, "times": 99}
    scene.faults({**refused, "path": "/v1/serviceids/"}, {**refused, "path": f"/v1/apikeys/{key['id']}"})

    told = describe(client, seen)

    assert (told["id"], told["iam_id"], told["found"]) == (key["id"], owner["iam_id"], True)
    assert told["owner"] == {"type": "serviceid", "name": None, "email": None}
    assert told["last_used_at"] is None


def test_what_nobody_foresaw_is_not_taken_for_an_answer(scene: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(_client: t.Any, _item: Item) -> t.NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(whose, "look", break_down)

    with pytest.raises(ZeroDivisionError):
        look_at(scene.connect(), [Item("entry 1", "ApiKey-1")], concurrency_from("1"))
