# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit import charts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_markdown import tasks_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.controls import all_controls, control_states
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page_rows import page_events, page_rows
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.summary import (
    by_rule,
    counted,
    history_of,
    is_stale,
    made_at,
    not_checked,
    passing,
    totals,
    trend_of,
)
from jinja2 import Environment, FileSystemLoader, StrictUndefined

# It includes page.css.j2 and page.js.j2.
TEMPLATE = "page.html.j2"
SIGNS = {"high": "▲", "medium": "◆", "low": "●"}
STATE_SIGNS = {"pass": "✔", "fail": "✘", "in part": "◐", "not checked": "?"}

Data = dict[str, t.Any]


def to_html(found: Data, slots: str = "") -> str:
    """The page; `slots` is the ready file of slots of the only account. What is filled in is shown and escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_filled_in,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template(TEMPLATE)
    accounts = found["accounts"]
    policies = [account["policy"] for account in accounts]
    return template.render(
        found=found,
        accounts=accounts,
        missing=found["missing"],
        is_one=len(accounts) == 1 and not found["missing"],
        made_at=made_at(found),
        policy=policies[0] if all(each == policies[0] for each in policies) else None,
        totals=totals(found),
        history={name: charts.sparkline(counts) for name, counts in history_of(found).items()},
        spark={"width": charts.SPARK_WIDTH, "height": charts.SPARK_HEIGHT},
        line_of=lambda account: charts.sparkline([each["high"] for each in account["trend"]["points"]]),
        trend=trend_of(found),
        controls=all_controls(),
        states_of=control_states,
        passing=passing(found),
        is_stale=is_stale,
        not_checked=not_checked(found),
        by_rule=by_rule(found),
        counted=counted,
        tasks_of=tasks_of,
        signs=SIGNS,
        state_signs=STATE_SIGNS,
        drawn=[_drawn(found, size) for size in charts.SIZES],
        listed=page_rows(found),
        happened=page_events(found),
        slots=slots,
    )


def _drawn(found: Data, size: charts.Size) -> Data:
    """The charts in one size."""
    due = charts.due_chart(found["accounts"], made_at(found), size)
    plan = charts.plan_chart(found["accounts"], made_at(found), size)
    return {
        "size": size.name,
        "width": size.width,
        "height": charts.HEIGHT,
        "left": charts.LEFT,
        "floor": charts.HEIGHT - charts.BOTTOM,
        "low": charts.LOW_HEIGHT,
        "low_floor": charts.LOW_HEIGHT - charts.BOTTOM,
        "ages": charts.age_chart(found["accounts"], size),
        "weeks": [each for each in (due, plan) if each],
    }


def _filled_in(value: t.Any) -> t.Any:
    return shown(value) if isinstance(value, str) else value
