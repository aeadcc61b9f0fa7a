# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several accounts in one folder, and one account over time: what is new, mended, not seen; which control passes."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_csv import to_csv
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_markdown import to_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.controls import control_states
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document, read_accounts, to_json
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import AuditPolicy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.summary import trend_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.trend import MOST_POINTS, with_trend
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import HOSTILE, NOW, ROBOT, key

Data = dict[str, t.Any]
OLD, FINE = key("old", age_days=100), key("fine")


def account(
    keys: t.Sequence[KeyFacts] = (OLD, FINE),
    *,
    day: int = 0,
    name: str | None = None,
    account_id: str = "a" * 32,
    **more: t.Any,
) -> Data:
    policy = more.pop("policy", AuditPolicy())
    recorded_ids = more.pop("recorded_ids", None)
    found = audit(account_id, keys, policy, (), NOW + timedelta(days=day), recorded_ids=recorded_ids)
    return account_data(replace(found, **more), name)


def states(found: Data) -> dict[str, str]:
    return {f"{each['source'].split()[0]} {each['number']}": each["state"] for each in control_states(found)}


def open_ids(found: Data) -> list[str]:
    return [each["key_id"] for each in found["trend"]["not_seen"]]


def test_a_control_that_nobody_could_look_at_is_no_pass() -> None:
    unknown = replace(FINE, is_inactive=None)

    assert states(account([OLD, FINE])) == {
        "CIS 1.2": "pass",
        "CIS 1.3": "fail",
        "CIS 1.5": "not checked",
        "NIST AC-2 (3)": "pass",
        "NIST IA-5 f": "fail",
    }
    assert states(account([unknown]))["CIS 1.2"] == "not checked"
    assert states(account([FINE], is_whole=False))["CIS 1.3"] == "not checked"
    assert states(account([FINE], owner_ids=(ROBOT,)))["CIS 1.3"] == "in part"
    assert states(account([FINE], policy=AuditPolicy(account_owner_ids=frozenset({"IBMid-1"}))))["CIS 1.5"] == "pass"
    assert states(account([]))["CIS 1.5"] == "not checked"


def test_two_accounts_stand_side_by_side_and_neither_is_overwritten() -> None:
    first = document(account(name="prod"))
    both = document(account(name="test", account_id="b" * 32), first["accounts"])
    again = document(account([FINE], name="prod", day=1), both["accounts"])

    assert [each["name"] for each in both["accounts"]] == ["prod", "test"]
    assert [each["counts"]["high"] for each in again["accounts"]] == [0, 1]
    assert [line.split(",")[0] for line in to_csv(both).splitlines()[1:]] == ['"prod"'] * 2 + ['"test"'] * 2
    page = to_html(both)
    assert "API keys of 2 accounts" in page
    assert "0/2 pass" in page


@pytest.mark.parametrize(("name", "account_id"), [("other", "a" * 32), ("prod", "b" * 32)])
def test_an_account_has_one_name_in_a_folder_and_a_name_one_account(name: str, account_id: str) -> None:
    there = document(account(name="prod"))["accounts"]

    with pytest.raises(TaskRefused, match="give each account one name"):
        document(account(name=name, account_id=account_id), there)


def test_an_expected_account_without_a_report_is_told_and_one_that_is_not_expected_goes() -> None:
    there = document(account(name="gone", account_id="c" * 32))["accounts"]

    found = document(account(name="prod"), there, ["prod", "test"])

    assert [each["name"] for each in found["accounts"]] == ["prod"]
    assert found["missing"] == ["test"]
    assert "Not audited:</span> test" in to_html(found)
    assert "| `test` | not audited" in to_markdown(found)
    assert "the account test: it has no report" in to_markdown(found)


def test_an_account_can_get_another_name_when_the_old_one_is_expected_no_more() -> None:
    there = document(account(name="old"))["accounts"]

    assert [each["name"] for each in document(account(name="new"), there, ["new"])["accounts"]] == ["new"]


@pytest.mark.parametrize("day", [1, 9])
def test_a_report_of_another_day_is_told_to_be_of_that_day_and_passes_nothing(day: int) -> None:
    there = document(account([FINE], name="test", account_id="b" * 32))["accounts"]

    found = document(account([FINE], name="prod", day=day), there)

    assert "the account test since 2026-06-01T09:30+0000" in to_markdown(found)
    assert "| `test` (not audited with the others) | pass" in to_markdown(found)
    assert "1/2 pass" in to_html(found)
    assert "2/2 pass" not in to_html(found)
    assert "✘ 2026-06-01" in to_html(found)


def test_a_command_names_the_slots_of_an_account_where_each_has_a_file() -> None:
    one = account(name="prod") | {"slots": {"file": "slots-a.yml", "count": 1}}

    assert "-e @slots-ACCOUNT_ID.yml" in to_markdown(document(one))
    assert "-e @slots.yml" in to_markdown(document(account()))


def test_the_first_report_compares_with_nothing() -> None:
    found = document(account())

    assert trend_of(found) is None
    assert "Since the report before" not in to_markdown(found) + to_html(found)


def test_what_is_new_what_is_mended_and_what_is_still_open_is_told() -> None:
    one, two, three = (key(name, age_days=100) for name in ("one", "two", "three"))
    before = document(account([one, two]))["accounts"]

    found = document(account([replace(two, age_days=140), three, FINE], day=40), before)

    assert trend_of(found) == {
        "new": 1,
        "mended": 1,
        "still_open": 1,
        "long_open": 1,
        "not_seen": 0,
        "long_days": 30,
    }
    assert "1 new, 1 mended, 1 still open, 1 open for more than 30 days." in to_markdown(found)
    (mended,) = found["accounts"][0]["trend"]["mended"]
    assert (mended["key_id"], mended["rule"]) == ("ApiKey-one", "too_old")
    assert "ApiKey-one" in to_html(found)


def test_a_second_report_of_one_minute_tells_the_same() -> None:
    before = document(account([OLD]))["accounts"]
    first = document(account([FINE, key("new", age_days=95)], day=1), before)

    assert document(account([FINE, key("new", age_days=95)], day=1), first["accounts"]) == first


UNSEEN = {
    "no report on use": ([key("k", age_days=200, is_inactive=True)], [key("k", age_days=201, is_inactive=None)], {}),
    "an entry was left out": ([key("k", age_days=100)], [], {"is_whole": False}),
    "other identities": ([key("k", age_days=100)], [], {"owner_ids": ("iam-ServiceId-other",)}),
    "the owner is not named any more": (
        [key("k", owner_id="IBMid-1")],
        [key("k", owner_id="IBMid-1")],
        {"before": {"policy": AuditPolicy(account_owner_ids=frozenset({"IBMid-1"}))}},
    ),
    "an expiry is not asked for any more": (
        [key("k")],
        [key("k")],
        {"before": {"policy": AuditPolicy(require_expiry=True)}},
    ),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_what_could_not_be_looked_at_is_not_mended_and_stays_open_since_then(case: str) -> None:
    then, now, more = UNSEEN[case]
    options = dict(more)
    options_then: Data = t.cast(Data, options.pop("before", {}))
    before = document(account(then, **options_then))["accounts"]

    found = document(account(now, day=1, **options), before)["accounts"][0]
    seen_again = document(account(then, day=2, **options_then), [found])["accounts"][0]

    assert "ApiKey-k" in open_ids(found)
    assert found["trend"]["mended_count"] == 0
    assert seen_again["trend"]["new"] == 0
    since = {each["since"] for each in seen_again["keys"][0]["findings"]}
    assert "2026-06-01T09:30+0000" in since


def test_a_key_that_no_full_list_has_is_mended() -> None:
    before = document(account([OLD]))["accounts"]

    assert document(account([], day=1), before)["accounts"][0]["trend"]["mended_count"] == 1
    limited = document(account([], day=1, owner_ids=(ROBOT,)), before)["accounts"][0]
    assert limited["trend"]["mended_count"] == 1


def test_another_policy_is_told() -> None:
    before = document(account([OLD]))["accounts"]

    found = document(account([OLD], day=1, policy=AuditPolicy(max_age_days=365)), before)

    assert "is another one than in the report before" in to_html(found)


def test_the_counts_are_kept_of_the_last_reports_only() -> None:
    told = with_trend(account(), None)
    for day in range(1, MOST_POINTS + 10):
        told = with_trend(account(day=day), told)

    points = told["trend"]["points"]
    assert len(points) == MOST_POINTS
    assert points[-1]["made_at"] == told["made_at"]
    assert 'class="spark"' in to_html({**document(account()), "accounts": [told]})


def test_what_is_written_is_read_again() -> None:
    found = document(account(name=HOSTILE), document(account([FINE], name="b", account_id="b" * 32))["accounts"])

    assert read_accounts(to_json(found)) == found["accounts"]


def broken() -> dict[str, t.Callable[[Data], t.Any]]:
    return {
        "another version": lambda told: told.update(schema_version=1),
        "no accounts": lambda told: told.pop("accounts"),
        "a list": lambda told: told.update(accounts={}),
        "no trend": lambda told: told["accounts"][0].pop("trend"),
        "a text for a number": lambda told: told["accounts"][0]["counts"].update(high="1"),
        "a number for a switch": lambda told: told["accounts"][0].update(is_whole=1),
        "no date": lambda told: told["accounts"][0].update(made_at="yesterday"),
        "markup in a date": lambda told: told["accounts"][0]["keys"][0].update(expires_at="<b>2026-01-01T00:00+0000"),
        "an unknown finding": lambda told: told["accounts"][0]["keys"][0]["findings"][0].update(rule="x"),
    }


@pytest.mark.parametrize("case", broken())
def test_what_is_no_report_of_ours_is_refused(case: str) -> None:
    told = json.loads(to_json(document(account())))
    broken()[case](told)

    with pytest.raises(ValueError, match="no report of this form"):
        read_accounts(json.dumps(told))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "[" * 100_000])
def test_what_is_no_report_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no report|Expecting"):
        read_accounts(text)


def test_a_hostile_name_of_an_account_is_text() -> None:
    found = document(
        account(name=HOSTILE),
        document(account(name="b", account_id="b" * 32))["accounts"],
        [HOSTILE, "b", HOSTILE + "2"],
    )

    page = to_html(found)
    assert "<script>alert" not in page
    assert "\u202e" not in page + to_markdown(found) + to_csv(found)


@pytest.mark.parametrize("time", ["2026-99-01T09:30+0000", "1969-01-01T00:00+0000", "9999-12-31T23:59+0000"])
@pytest.mark.parametrize("name", ["made_at", "since"])
def test_a_time_that_cannot_be_counted_from_is_no_report_of_ours(name: str, time: str) -> None:
    found = document(account())
    (finding,) = found["accounts"][0]["keys"][0]["findings"]
    (finding if name == "since" else found["accounts"][0])[name] = time

    with pytest.raises(ValueError, match="no report"):
        read_accounts(to_json(found))


def test_a_number_that_cannot_be_drawn_is_no_report_of_ours() -> None:
    found = document(account())
    found["accounts"][0]["keys"][0]["age_days"] = 10**400

    with pytest.raises(ValueError, match="no report"):
        read_accounts(to_json(found))


def test_an_owner_of_a_kind_that_the_list_cannot_show_is_no_report_of_ours() -> None:
    """What cannot be seen is spelled out, and in a line of JSON that would be the end of the list."""
    found = document(account())
    found["accounts"][0]["keys"][0]["owner_kind"] = "user\x7f"

    with pytest.raises(ValueError, match="no report"):
        read_accounts(to_json(found))


def test_the_key_of_the_log_in_is_no_line_of_a_task() -> None:
    """It comes from the report that lies in the folder, and people run what the page tells them to copy."""
    unused = replace(key("x\n- name: evil", age_days=300), is_inactive=True)
    found = document(account([unused], login_key_id=unused.id))

    assert "# not ApiKey-x\\n- name: evil, which" in to_markdown(found)
    assert not any(line.strip().startswith("- name: evil") for line in to_markdown(found).splitlines())
