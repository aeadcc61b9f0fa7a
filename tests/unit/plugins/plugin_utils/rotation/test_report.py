# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run shows, and what it hands on."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.report import (
    handed_on,
    report_lines,
    summary_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def a_slot(name: str, step: str = "idle", days: float | None = 60, **words: t.Any) -> SlotOutcome:
    slot = Slot(name, "secrets.yml", name, name, "iam-1", "account")
    next_at = None if days is None else NOW + timedelta(days=days)
    return SlotOutcome(slot, Step(t.cast(t.Any, step), "a reason", next_at=next_at), **words)


def lines(report: str | None, *outcomes: SlotOutcome) -> list[str]:
    return report_lines(outcomes, report, NOW)


def test_a_night_in_which_nothing_happened_is_one_line() -> None:
    assert lines("changes", *[a_slot(f"s{number}") for number in range(20)]) == ["20 slots: 20 idle"]


def test_the_line_about_all_says_when_the_first_of_each_goes_on() -> None:
    all_of_them = [a_slot("a"), a_slot("b", "overlap", 2), a_slot("c", "overlap", 3), a_slot("d", days=3.5)]

    assert lines("changes", *all_of_them)[-1] == (
        "4 slots: 1 idle, 2 overlap until 2026-06-03T00:00+0000, 1 due in 3 days"
    )


@pytest.mark.parametrize("step", ["in_use", "later", "hand_over", "stop"])
def test_what_may_need_a_person_has_its_line(step: str) -> None:
    told = lines("changes", a_slot("quiet"), a_slot("odd", step, None))

    assert [line.split(":")[0] for line in told] == ["odd", "2 slots"]


def test_what_has_changed_or_failed_has_its_line() -> None:
    told = lines("changes", a_slot("a"), a_slot("b", transaction_ids=("1",)), a_slot("c", failure="no role"))

    assert [line.split(":")[0] for line in told] == ["b", "c", "3 slots"]
    assert told[-1].endswith("2 idle, 1 FAILED")


@pytest.mark.parametrize(("report", "count"), [("all", 3), ("changes", 1), ("steps", 0), ("none", 0), (None, 0)])
def test_how_much_is_shown_is_said(report: str | None, count: int) -> None:
    assert len(lines(report, a_slot("a"), a_slot("b"))) == count


def shown(name: str, **words: t.Any) -> dict[str, t.Any]:
    told = {
        "name": name,
        "file": "secrets.yml",
        "variable": name,
        "step": "idle",
        "superseded_ids": [],
        "next_at": None,
    }
    return {**told, "taken": [], "new_id": f"ApiKey-{name}", **words}


def test_what_is_handed_on_is_about_all_tasks_and_each_slot_once() -> None:
    first = handed_on({}, [shown("a", taken=["intend"], next_at="2026-07-01"), shown("b", step="failed")])
    both = handed_on(first, [shown("b", superseded_ids=["ApiKey-old"], next_at="2026-06-30"), shown("c")])

    assert summary_of(both) == {
        "slots": 3,
        "failed": 0,
        "failed_slots": [],
        "changed_ids": ["ApiKey-a"],
        "superseded_ids": ["ApiKey-old"],
        "next_at": "2026-06-30",
        "next": ["2026-06-30 b: idle", "2026-07-01 a: idle"],
    }
    assert summary_of(handed_on(first, [])) == summary_of(first)
    assert (summary_of(first)["failed"], summary_of(first)["failed_slots"]) == (1, ["b"])


def test_an_artifact_names_no_more_slots_than_a_message_holds_and_counts_all() -> None:
    bad = [shown(f"bad{number}", step="failed", next_at="2026-06-01") for number in range(9)]
    told = summary_of(handed_on({}, [*bad, *(shown(f"s{n}", next_at=f"2026-07-0{9 - n}") for n in range(8))]))

    assert (told["failed"], len(told["failed_slots"])) == (9, 5)
    assert [line.split()[1] for line in told["next"]] == ["s7:", "s6:", "s5:", "s4:", "s3:"]


def test_a_name_in_an_artifact_is_no_template_and_calls_nobody() -> None:
    told = summary_of(handed_on({}, [shown("{{ lookup('pipe', 'id') }} <!channel>\n", step="failed")]))

    assert told["failed_slots"] == ["\\x7b\\x7b lookup('pipe', 'id') }} \\x3c!channel>\\n"]
