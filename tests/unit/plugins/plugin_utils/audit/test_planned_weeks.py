# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rotation in the report: what is counted in which week, and what is refused."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.charts import SIZES, plan_chart
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import read_plan
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import AuditPolicy

NOW = datetime(2026, 3, 4, tzinfo=timezone.utc)


def plan(*steps: tuple[str, str]) -> dict[str, t.Any]:
    return {
        "from": "2026-03-03T09:15+0000",
        "total": {"slots": 2, "need_a_person": 1},
        "slots": [{"name": "<b>x", "steps": [{"step": name, "at": at} for name, at in steps]}],
    }


STEPS = (
    ("intend", "2026-03-03T09:15+0000"),
    ("intend", "2026-03-05T09:15+0000"),
    ("publish", "2026-03-05T09:15+0000"),
    ("disable", "2026-03-12T09:15+0000"),
    ("delete", "2026-06-02T00:00+0000"),
    ("delete", "2026-06-03T00:00+0000"),
)


def found() -> dict[str, t.Any]:
    return account_data(audit("a", [], AuditPolicy(), [], NOW), plan=read_plan(plan(*STEPS)))


def test_each_step_to_come_is_in_its_week() -> None:
    chart = plan_chart([found(), account_data(audit("b", [], AuditPolicy(), [], NOW))], NOW, SIZES[0])

    assert chart is not None
    counts = {what: [each.count for each in bars] for what, _look, bars in chart.rows}
    assert counts == {
        "Keys made": [1] + [0] * 12,
        "Keys disabled": [0, 1] + [0] * 11,
        "Keys deleted": [0] * 12 + [1],
    }
    assert "of 2 slots" in chart.summary
    assert "made 1, disabled 1, deleted 1; slots that need a person: 1." in chart.summary


def test_the_plans_of_several_accounts_are_one_picture() -> None:
    chart = plan_chart([found(), found()], NOW, SIZES[1])

    assert chart is not None
    assert "of 4 slots" in chart.summary
    assert [each.count for each in chart.rows[0][2]] == [2] + [0] * 12


def test_the_page_has_the_picture_only_with_a_plan_and_none_of_its_texts() -> None:
    page = to_html(document(found()))

    assert 'aria-labelledby="plan-title-wide"' in page
    assert "<b>x" not in page
    assert "plan-title" not in to_html(document(account_data(audit("a", [], AuditPolicy(), [], NOW))))


@pytest.mark.parametrize(
    "given",
    [
        {"slots": []},
        {**plan(), "from": "yesterday"},
        {**plan(), "from": None},
        {**plan(), "slots": [{"steps": [{"step": "intend", "at": "soon"}]}]},
        {**plan(), "slots": "text"},
        {**plan(), "total": {"slots": "many", "need_a_person": 0}},
    ],
)
def test_what_is_no_plan_is_refused_and_not_quoted(given: dict[str, t.Any]) -> None:
    with pytest.raises(TaskRefused, match="plan is not what") as raised:
        read_plan(given)

    assert not any(word in str(raised.value) for word in ("yesterday", "soon", "many"))
