# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The audit of two accounts as the guide starts it: both are on one page, and what was not audited is never fine."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import requests
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import draw_key_value
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import ROOT, Desk

# The guide has it in a sentence, since its reader has no such inventory yet.
OPTIONS = "-i inventory -e audit_accounts=ibm_accounts -e audit_api_keys_folder=reports"
AUDIT = f"ansible-playbook cloudkeys.ibmcloud.audit {OPTIONS}"
# What nobody audits here, and what is in no group that is named.
ELSEWHERE = "elsewhere"


@pytest.fixture
def accounts(desk: Desk) -> dict[str, str]:
    """The keys that log in to each of two accounts, which are hosts of the inventory; the first has a key more."""
    other = requests.post(f"{desk.server.url}/__emulator__/accounts", json={}, timeout=10).json()
    values = {"acme-prod": desk.server.api_key, "acme-test": str(other["api_key"])}
    desk.server.make_key("billing", draw_key_value())
    (desk.folder / "reports").mkdir()
    write_inventory(desk, values)
    return values


def write_inventory(desk: Desk, values: dict[str, str]) -> None:
    hosts = {name: {"account_api_key": value} for name, value in values.items()}
    groups = {"ibm_accounts": {"hosts": hosts}, "others": {"hosts": {ELSEWHERE: {"account_api_key": "none"}}}}
    desk.write("inventory", json.dumps(groups))


def told(desk: Desk) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads((desk.folder / "reports/api-keys.json").read_text(encoding="utf-8"))
    return found


def page(desk: Desk) -> str:
    return (desk.folder / "reports/api-keys.html").read_text(encoding="utf-8")


def test_the_guide_has_these_options() -> None:
    assert f"`{OPTIONS}`" in (ROOT / "docs/audit.md").read_text(encoding="utf-8")


def test_two_accounts_are_on_one_page(desk: Desk, accounts: dict[str, str]) -> None:
    shown = desk.run(f"{AUDIT} -vvvv --diff 2>&1")

    found = told(desk)
    assert [(each["name"], each["counts"]["keys"]) for each in found["accounts"]] == [
        ("acme-prod", 2),
        ("acme-test", 1),
    ]
    assert found["missing"] == []
    assert len({each["account_id"] for each in found["accounts"]}) == 2
    assert "<h1>API keys of 2 accounts</h1>" in page(desk)
    assert re.findall(r'<th scope="row">([^<]*)<', page(desk)) == ["All", "acme-prod", "acme-test"]
    assert {file.name for file in (desk.folder / "reports").glob("slots*")} == {
        f"slots-{each['account_id']}.yml" for each in found["accounts"]
    }
    assert not any(value in shown + page(desk) for value in accounts.values())


def test_an_account_that_does_not_answer_is_red_and_stands_on_the_page(desk: Desk, accounts: dict[str, str]) -> None:
    write_inventory(desk, {**accounts, "acme-test": draw_key_value()})

    shown = desk.run(f"! {AUDIT}")

    assert re.search(r"acme-test +: .*failed=1", shown)
    assert re.search(r"acme-prod +: .*failed=0", shown)
    assert told(desk)["missing"] == ["acme-test"]
    assert "✘ not audited" in page(desk)


def test_a_limit_leaves_the_other_account_as_it_was(desk: Desk, accounts: dict[str, str]) -> None:
    desk.run(AUDIT)
    (before,) = [each for each in told(desk)["accounts"] if each["name"] == "acme-test"]
    desk.server.make_key("further", draw_key_value())

    desk.write("only", "acme-prod\n")
    desk.run(f"{AUDIT} --limit @only")

    counts = {each["name"]: each["counts"]["keys"] for each in told(desk)["accounts"]}
    assert counts == {"acme-prod": 3, "acme-test": 1}
    assert before in told(desk)["accounts"]


@pytest.mark.parametrize("limit", [ELSEWHERE, "@only"])
def test_a_limit_that_leaves_no_account_is_red(desk: Desk, accounts: dict[str, str], limit: str) -> None:
    desk.write("only", f"{ELSEWHERE}\n")

    shown = desk.run(f"! {AUDIT} --limit {limit} 2>&1")

    assert accounts
    assert "leave no host of the inventory, so nothing was audited" in " ".join(shown.split())
    assert list((desk.folder / "reports").iterdir()) == []
