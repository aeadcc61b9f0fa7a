# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What comes in has a type and a form, or is refused by name: never taken in part, never a defect of ours."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import (
    KEY_IDENTITY,
    KEY_MEMBERS,
    ApiKey,
    KeyDetails,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    IamError,
    NotUnderstood,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import (
    SERVICE_ID_IDENTITY,
    SERVICE_ID_MEMBERS,
    ServiceId,
    ServiceIdDetails,
)

UUID = "3f0c1d2e-4b5a-4798-8c9d-0e1f2a3b4c5d"
KEY: dict[str, t.Any] = {"id": f"ApiKey-{UUID}", "name": "n", "iam_id": f"iam-ServiceId-{UUID}"}
ROBOT: dict[str, t.Any] = {"id": f"ServiceId-{UUID}", "name": "n", "iam_id": f"iam-ServiceId-{UUID}"}
HOSTILE = ["{{ x }}", "a\nb", "a b", "a\x1b[0m", "a?b", "<b>", "`a`", "a#b", "\u202ea", "\uff11", "x" * 600, ""]
WRONG_TYPES = [5, 0, 1.5, True, [1], {}, {"a": 1}]


@pytest.mark.parametrize("wrong", [*WRONG_TYPES, *HOSTILE], ids=repr)
@pytest.mark.parametrize("member", ["id", "iam_id", "account_id"])
@pytest.mark.parametrize(("kind", "entry"), [(ApiKey, KEY), (ServiceId, ROBOT)])
def test_an_id_of_a_foreign_form_is_refused_by_name(kind: t.Any, entry: t.Any, member: str, wrong: t.Any) -> None:
    with pytest.raises(NotUnderstood) as caught:
        kind.from_iam({**entry, member: wrong}, "list them")
    words = str(caught.value)
    assert f"its {member} has a foreign form (asked to list them)" in words
    assert not isinstance(wrong, str) or not wrong or wrong not in words


@pytest.mark.parametrize("wrong", ["ServiceId-1", "ApiKey-", "ApiKey-../x", "ApiKey-1\n", "apikey-1", "1"])
def test_the_id_of_a_key_is_one_of_a_key(wrong: str) -> None:
    with pytest.raises(NotUnderstood, match="its id has a foreign form"):
        ApiKey.from_iam({**KEY, "id": wrong}, "look")


@pytest.mark.parametrize(
    ("kind", "entry", "members"),
    [
        (ApiKey, KEY, {**KEY_IDENTITY, **KEY_MEMBERS}),
        (ServiceId, ROBOT, {**SERVICE_ID_IDENTITY, **SERVICE_ID_MEMBERS}),
    ],
)
def test_no_member_takes_another_type(kind: t.Any, entry: t.Any, members: dict[str, forms.Form]) -> None:
    assert {each.replace("apikey", "key_value") for each in members} == kind.__dataclass_fields__.keys()
    for member, form in members.items():
        for wrong in WRONG_TYPES:
            if form is forms.flag and wrong is True:
                continue
            with pytest.raises(NotUnderstood, match=f"its {member} has a foreign form"):
                kind.from_iam({**entry, member: wrong}, "look")


@pytest.mark.parametrize("member", sorted({*KEY_MEMBERS, *SERVICE_ID_MEMBERS}))
def test_what_is_missing_or_null_is_not_told(member: str) -> None:
    assert ApiKey.from_iam({**KEY, member: None}, "look") == ApiKey.from_iam(KEY, "look")
    assert ServiceId.from_iam({**ROBOT, member: None}, "look") == ServiceId.from_iam(ROBOT, "look")


@pytest.mark.parametrize("member", ["created_at", "modified_at", "expires_at"])
@pytest.mark.parametrize(
    "wrong", ["yesterday", "9999-12-31T23:59-14:00", "2026-01-01T00:00+99:99", "0001-01-01T00:00Z"]
)
def test_a_time_of_a_foreign_form_is_refused_by_name(member: str, wrong: str) -> None:
    with pytest.raises(NotUnderstood, match=rf"API key ApiKey-{UUID} .*: its {member} has a foreign form") as caught:
        ApiKey.from_iam({**KEY, member: wrong}, "look")
    assert wrong not in str(caught.value)


def test_an_expiry_may_mean_never_and_the_past_may_not() -> None:
    never = "9999-12-31T23:59+0000"

    assert ApiKey.from_iam({**KEY, "expires_at": never}, "look").expires_at == never
    with pytest.raises(NotUnderstood):
        ApiKey.from_iam({**KEY, "created_at": never}, "look")


@pytest.mark.parametrize(
    "text", ["", "  ", "{{ x }}", "#jinja2:x", "a\nb", "\x1b[31m", "\u202e", "=1+1", "x" * 10_000, "\U0001f511"]
)
def test_a_name_or_description_is_any_text(text: str) -> None:
    key = ApiKey.from_iam({**KEY, "name": text, "description": text}, "look")

    assert (key.name, key.description) == (text, text)


def test_half_of_a_surrogate_pair_can_be_written() -> None:
    assert ApiKey.from_iam({**KEY, "name": "a\ud83d"}, "look").name.encode() == b"a?"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"history": {}}, "its history has a foreign form"),
        ({"history": ["x"]}, "its history has a foreign form"),
        ({"activity": []}, "it is no object"),
        ({"activity": {"authn_count": "5"}}, "its authn_count has a foreign form"),
        ({"activity": {"authn_count": True}}, "its authn_count has a foreign form"),
        ({"activity": {"authn_count": -1}}, "its authn_count has a foreign form"),
        ({"activity": {"authn_count": 1, "last_authn": 5}}, "its last_authn has a foreign form"),
        ({"activity": {"authn_count": 1, "last_authn": "9999-12-31T00:00Z"}}, "its last_authn has a foreign form"),
    ],
)
@pytest.mark.parametrize(("kind", "entry"), [(KeyDetails, KEY), (ServiceIdDetails, ROBOT)])
def test_what_is_told_on_demand_has_a_form_too(kind: t.Any, entry: t.Any, more: t.Any, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        kind.from_iam({**entry, **more}, "look")


@pytest.mark.parametrize("member", ["id", "name", "iam_id"])
def test_what_is_missing_is_named(member: str) -> None:
    with pytest.raises(NotUnderstood, match=f"its {member} is missing"):
        ApiKey.from_iam({name: value for name, value in KEY.items() if name != member}, "look")


def test_one_odd_key_ends_a_list_unless_somebody_is_told(scene: t.Any) -> None:
    odd: list[str] = []
    scene.user.create_key(name="one")
    scene.emulator.world.keys[scene.emulator.seed.api_key_id].name = 5
    client = scene.connect()

    with pytest.raises(NotUnderstood, match="its name has a foreign form"):
        client.api_keys.list(scene.iam_id, scene.account_id)
    left = client.api_keys.search(scene.account_id, lambda error: odd.append(str(error)), iam_id=scene.iam_id)
    assert [told.key.name for told in left] == ["one"]
    assert len(odd) == 1


@pytest.mark.parametrize("entity_id", ["", "a/b", "a\n", "\uff11", "é", "a b", "..", "x" * 201])
def test_what_goes_into_a_path_is_an_id(scene: t.Any, entity_id: str) -> None:
    client = scene.connect()
    for call in (client.api_keys.get, client.service_ids.get, client.api_keys.delete):
        with pytest.raises(IamError, match="not the id of"):
            call(entity_id)
    assert not scene.sent()


def token_of(claims: str) -> str:
    return f"e30.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.x"


@pytest.mark.parametrize(
    "claims",
    [
        *("[" * 30_000, "[" * 200_000, '{"a":' * 200_000, "[]", "5", '{"iam_id": "IBMid-1"}'),
        '{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": 1, "exp": 1e400}',
        '{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": NaN, "exp": 5}',
        '{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": true, "exp": 5}',
        '{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": "1", "exp": 5}',
        '{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": 253402300799, "exp": 253402300799}',
        '{"iam_id": "IBMid-1", "account": {"bss": 5}, "iat": 1, "exp": 5}',
        '{"iam_id": "IBMid-1", "account": ["bss"], "iat": 1, "exp": 5}',
        '{"iam_id": "a\\nb", "account": {"bss": "a"}, "iat": 1, "exp": 5}',
        '{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": 1, "exp": 5, "name": 5}',
    ],
    ids=lambda claims: claims[:80],
)
def test_a_token_with_claims_of_a_foreign_form_is_none(scene: t.Any, claims: str) -> None:
    with pytest.raises(BadCredentials, match="not one of IBM Cloud IAM's"):
        scene.connect(token=token_of(claims)).caller()


@pytest.mark.parametrize("odd", ["\n", " ", "é", "\u2028", "\x00"])
def test_a_token_that_no_header_takes_is_none(scene: t.Any, odd: str) -> None:
    good = token_of('{"iam_id": "IBMid-1", "account": {"bss": "a"}, "iat": 1, "exp": 5}')

    assert scene.connect(token=good).caller().iam_id == "IBMid-1"
    with pytest.raises(BadCredentials, match="not one of IBM Cloud IAM's"):
        scene.connect(token=good + odd).caller()


@pytest.mark.parametrize("key_value", ["a\nb", "é\u2028", "\ud83d"])
def test_a_value_that_no_header_takes_is_not_sent(scene: t.Any, key_value: str) -> None:
    client = scene.connect()

    assert client.api_keys.find_by_value(key_value) is None
    assert scene.sent() == []


@pytest.mark.parametrize("odd", ["a\x1b[31m", "a b", "x" * 300, "<b>", ""])
def test_a_transaction_of_a_foreign_form_is_not_told(scene: t.Any, odd: str) -> None:
    client = scene.connect()
    key_id, handle = scene.user.create_key(name="one")["id"], scene.emulator.handle

    def retold(request: t.Any) -> t.Any:
        answer = handle(request)
        return replace(answer, headers={**answer.headers, "Transaction-Id": odd})

    scene.emulator.handle = retold
    client.api_keys.lock(key_id)

    assert client.transaction_ids == []


@pytest.mark.parametrize("echo", ["{}", "id-{}", "{:.20}"])
def test_a_transaction_that_repeats_what_was_sent_is_not_told(scene: t.Any, echo: str) -> None:
    client = scene.connect(api_key="a-key-that-nobody-knows-and-a-server-repeats")
    handle = scene.emulator.handle

    def retold(request: t.Any) -> t.Any:
        answer = handle(request)
        return replace(answer, headers={**answer.headers, "Transaction-Id": echo.format(client.tokens.key_value)})

    scene.emulator.handle = retold
    with pytest.raises(BadCredentials) as caught:
        client.caller()
    assert "a-key-that" not in str(caught.value)
    assert caught.value.transaction_id is None
