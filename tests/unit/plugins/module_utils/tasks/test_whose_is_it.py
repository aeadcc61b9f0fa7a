# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""iam_api_key_info with ids and values of which nobody knows whose they are."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from iam_emulator import Visitor

OWN = "own-Value-of-32-or-more-characters-0"


def test_a_value_tells_whose_it_is(scene: t.Any, list_keys: t.Any) -> None:
    robot = scene.user.create_service_id(name="ci")
    made = scene.user.create_key(name="deploy", iam_id=robot["iam_id"], apikey=OWN)

    result = list_keys(values=f"a log\nIBMCLOUD_API_KEY={OWN}\n")

    (told,) = result["whose"]
    assert (told["place"], told["found"], told["id"]) == ("line 2 of entry 1 of `values`", True, made["id"])
    assert told["owner"] == {"type": "serviceid", "name": "ci", "email": None}
    assert (told["account_id"], told["locked"], told["disabled"]) == (scene.account_id, False, False)
    # To look a key up is no use of it.
    assert told["last_used_at"] is None
    assert "POST /identity/token" in scene.sent()
    assert scene.sent().count("POST /identity/token") == 1
    assert result["nothing_in"] == ["line 1 of entry 1 of `values`"]
    assert [key["id"] for key in result["api_keys"]] == [made["id"]]
    assert OWN not in json.dumps(result)


@pytest.mark.parametrize(
    "text",
    ["x" * 43 + "1", "IBMCLOUD_API_KEY=short-value", "ApiKey-00000000-0000-4000-8000-000000000000 in a log"],
)
def test_what_is_not_found_is_told_by_its_place(list_keys: t.Any, text: str) -> None:
    result = list_keys(values=["garbage", text])

    assert [(each["place"], each["found"]) for each in result["whose"]] == [("entry 2 of `values`", False)]
    assert "nothing in entry 1 of `values` could be an API key or the id of one" in result["report"]


def test_a_value_names_its_account_when_nobody_of_it_is_at_hand(scene: t.Any, list_keys: t.Any) -> None:
    seed = scene.emulator.add_account()

    (told,) = list_keys(values=seed.api_key)["whose"]

    assert (told["found"], told["is_of_this_account"], told["account_id"]) == (True, False, seed.account_id)
    assert (told["log_in"], told["id"], told["iam_id"]) == ("works", None, seed.iam_id)


def test_a_disabled_key_of_another_account_is_told_as_that(scene: t.Any, list_keys: t.Any) -> None:
    seed = scene.emulator.add_account()
    Visitor(scene.emulator, seed.api_key).create_key(
        name="x", iam_id=seed.iam_id, account_id=seed.account_id, apikey=OWN, headers={"Entity-Disable": "true"}
    )

    (told,) = list_keys(values=OWN)["whose"]

    assert (told["found"], told["disabled"], told["account_id"]) == (True, True, None)


def test_ids_and_a_file_and_values_are_told_in_the_order_given(scene: t.Any, list_keys: t.Any, tmp_path: Path) -> None:
    key = scene.user.create_key(name="deploy", iam_id=scene.iam_id, apikey=OWN)
    (tmp_path / "pasted").write_bytes(f"\n{OWN}\n{key['id']}\n".encode("utf-16"))

    result = list_keys(ids=[key["id"]], values=OWN, values_file=str(tmp_path / "pasted"))

    assert [(each["place"], each["id"]) for each in result["whose"]] == [
        ("entry 1 of `ids`", key["id"]),
        ("entry 1 of `values`", key["id"]),
        ("line 3 of `values_file`", key["id"]),
        ("line 2 of `values_file`", key["id"]),
    ]
    assert len(result["api_keys"]) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ids": ["nonsense"]}, "entry 1 of `ids` is not the id of one API key"),
        ({"values": ["ApiKey-1"]}, "entry 1 of `values` is the id of an API key"),
        ({"values": [{"a": 1}]}, "`values` takes texts"),
        ({"values_file": "/does/not/exist"}, "values_file /does/not/exist cannot be read"),
        ({"values": OWN, "scope": "account"}, "reads the keys of every identity"),
        ({"values": OWN, "vault_files": ["x"]}, "`vault_files` are read on the controller"),
        ({"values": OWN, "name": "x"}, "mutually exclusive"),
        ({"values": " "}, "must not be blank"),
    ],
)
def test_what_cannot_be_asked_is_said(list_keys: t.Any, options: dict[str, t.Any], says: str) -> None:
    result = list_keys(**options)

    assert says in result["msg"]
    assert OWN not in json.dumps(result)


def test_what_iam_does_not_answer_is_told_for_its_item(scene: t.Any, list_keys: t.Any) -> None:
    key = scene.user.create_key(name="deploy", iam_id=scene.iam_id)
    scene.faults({"kind": "status", "method": "GET", "path": key["id"], "status": 500, "times": 50})

    result = list_keys(ids=[key["id"], key["id"].replace("-", "-0", 1)], concurrency=1)

    assert "500" in result["whose"][0]["problem"]
    assert result["whose"][1]["problem"] is None
