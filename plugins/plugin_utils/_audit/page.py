# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import counts, last_login
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Report, remedy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    LOW_HEIGHT,
    WIDTH,
    age_chart,
    due_chart,
    plan_chart,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import PlannedWeeks
from jinja2 import Environment, StrictUndefined

TEMPLATE = Path(__file__).with_name("page.html.j2")
SIGNS = {"high": "▲", "medium": "◆", "low": "●"}


def to_html(report: Report, slots: str, weeks: PlannedWeeks | None = None) -> str:
    """The page; `slots` is the ready file of slots, `weeks` are those to come of a rotation.

    Whatever is filled in is spelled out and escaped."""
    environment = Environment(
        autoescape=True, finalize=_filled_in, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        counts=counts(report),
        signs=SIGNS,
        ages=age_chart(report),
        weeks=[due_chart(report), *([plan_chart(report, weeks)] if weeks else [])],
        size={
            "width": WIDTH,
            "height": HEIGHT,
            "left": LEFT,
            "floor": HEIGHT - BOTTOM,
            "low": LOW_HEIGHT,
            "low_floor": LOW_HEIGHT - BOTTOM,
        },
        last_login=last_login,
        remedy=remedy,
        slots=slots,
    )


def _filled_in(value: t.Any) -> t.Any:
    return shown(value) if isinstance(value, str) else value
