# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an audit finds, and what it excuses."""

from __future__ import annotations

import random
import typing as t
from dataclasses import replace
from datetime import date

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Report, audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import Exemption
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, RULES, AuditPolicy
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import (
    NOW,
    OWNER,
    POLICY,
    account,
    key,
    report,
)

STRICT = AuditPolicy(require_expiry=True, require_lock=True, account_owner_ids=frozenset({OWNER}))
MARKER = Marker("3f9a2c7d", 4)


def found(*keys: KeyFacts, policy: AuditPolicy = POLICY, **words: t.Any) -> list[str]:
    """The names of the rules that found something, key by key."""
    made = audit("acc", keys, policy, (), NOW, **words)
    return [each.rule.name for row in made.rows for each in row.findings]


TABLE: list[tuple[str, KeyFacts, list[str]]] = [
    ("fresh", key("k"), []),
    ("as old as is allowed", key("k", age_days=90), []),
    ("a day older", key("k", age_days=91), ["too_old"]),
    ("old and disabled", key("k", age_days=91, disabled=True), []),
    ("old and expired", key("k", age_days=91, expires_in_days=-1), ["expired"]),
    ("old under rotation", key("k", age_days=91, marker=MARKER), ["rotation_overdue"]),
    ("of the owner", key("k", owner_id=OWNER), ["owner_key"]),
    ("of the owner, disabled", key("k", owner_id=OWNER, disabled=True), []),
    ("inactive but young", key("k", age_days=80, is_inactive=True), []),
    ("inactive for long", key("k", age_days=180, is_inactive=True), ["too_old", "unused"]),
    ("nobody knows whether it is used", key("k", age_days=80, is_inactive=None), []),
    ("expires today", key("k", expires_in_days=0), ["expires_soon"]),
    ("expires in 30 days", key("k", expires_in_days=30), ["expires_soon"]),
    ("expires in 31 days", key("k", expires_in_days=31), []),
    ("expires soon and is disabled", key("k", expires_in_days=3, disabled=True), []),
    ("the next key since today", key("k", name="deploy (next)", age_days=0, marker=MARKER), []),
    ("the next key since yesterday", key("k", name="deploy (next)", age_days=1, marker=MARKER), ["left_over"]),
    ("disabled and published", key("k", marker=MARKER, disabled=True), ["published_disabled"]),
    ("called next by a person", key("k", name="deploy (next)", age_days=9), []),
]


@pytest.mark.parametrize(("state", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_found(state: KeyFacts, wanted: list[str]) -> None:
    assert found(state) == wanted


def test_an_old_key_of_a_slot_that_rests_disabled_is_no_finding() -> None:
    old, new = key("a", marker=MARKER, disabled=True), key("b", marker=replace(MARKER, generation=5))

    assert found(old, new) == []


def test_expiry_and_lock_are_asked_for_only_by_policy() -> None:
    assert found(key("k"), policy=STRICT) == ["no_expiry", "not_locked"]
    assert found(key("k", locked=True, expires_in_days=100), policy=STRICT) == []


def test_keys_of_one_owner_and_name_are_twins() -> None:
    one, other = key("a", name="x"), key("b", name="x")

    assert found(one, other) == ["twin", "twin"]
    assert found(one, replace(other, owner_id="IBMid-9")) == []
    assert found(one, replace(other, disabled=True)) == []


def test_the_two_keys_of_a_rotation_in_its_overlap_are_no_twins_but_a_third_is_one() -> None:
    old, new = key("a", name="x", marker=Marker("3f9a2c7d", 1)), key("b", name="x", marker=Marker("3f9a2c7d", 2))

    assert found(old, new) == []
    assert found(old, new, key("c", name="x")) == ["twin", "twin", "twin"]


def test_a_marked_key_that_no_record_needs_is_left_over_and_one_that_is_needed_is_not() -> None:
    marked = key("a", marker=MARKER)

    assert found(marked) == []
    assert found(marked, recorded_ids=frozenset()) == ["left_over"]
    assert found(marked, recorded_ids=frozenset({marked.id})) == []


def test_every_rule_finds_something_in_the_sample() -> None:
    made = report(policy=STRICT)

    assert {each.rule.name for each in made.findings} == {rule.name for rule in ALL_RULES}


def test_the_worst_comes_first_and_the_order_of_the_input_does_not_matter() -> None:
    keys = account()
    shuffled = random.Random(7).sample(keys, len(keys))

    made = report(keys)

    assert report(shuffled) == made
    assert [row.severity for row in made.rows][:2] == ["high", "high"]
    assert made.rows[-1].severity is None


def exempt(*, expires: date, findings: t.Iterable[str] = ()) -> Report:
    entry = Exemption("ApiKey-k", "Team", "reason", expires, frozenset(findings))
    return audit("acc", [key("k", age_days=200, is_inactive=True)], POLICY, [entry], NOW)


def test_an_exception_excuses_until_the_end_of_its_day() -> None:
    made = exempt(expires=NOW.date())

    assert (made.findings, len(made.excused)) == ((), 2)
    assert made.rows[0].severity is None


def test_an_exception_that_expired_excuses_nothing_and_is_a_finding() -> None:
    made = exempt(expires=date(2026, 5, 31))

    assert [each.rule.name for each in made.findings] == ["too_old", "unused", "exception_expired"]


def test_an_exception_for_one_finding_leaves_the_others() -> None:
    made = exempt(expires=date(2026, 12, 31), findings=["unused"])

    assert [each.rule.name for each in made.findings] == ["too_old"]


def test_an_exception_that_fits_nothing_is_told() -> None:
    assert [each.key for each in report().idle_exceptions] == ["gone"]


@pytest.mark.parametrize(
    ("fail_on", "fails"), [("high", False), ("medium", True), ("low", True), ("none", False)], ids=str
)
def test_a_report_fails_by_the_worst_that_counts(fail_on: str, fails: bool) -> None:
    made = audit("acc", [key("k", age_days=80, expires_in_days=3)], POLICY, (), NOW)

    assert made.fails(fail_on) is fails


def test_every_rule_names_what_to_do() -> None:
    assert all(rule.advice and rule.title for rule in RULES)
    assert {rule.name for rule in RULES if not rule.task} == set()
