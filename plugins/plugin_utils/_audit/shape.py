# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an account of a report that lies in a folder has to look like before anything is made of it; pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import KINDS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import RULE_BY_NAME

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d\+0000", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A report counts on from its times and with its numbers.
LAST_YEAR, HIGHEST = 9998, 10**12
MAYBE_TEXT = (str, type(None))
MAYBE_TIME = (TIME, type(None))
RULE = re.compile("|".join(RULE_BY_NAME))
SEVERITY = re.compile("high|medium|low")

COUNTS = dict.fromkeys(("keys", "high", "medium", "low", "excused"), int)
GONE = {"key_id": str, "name": str, "owner_id": str, "rule": RULE, "since": TIME}
FINDING = {
    "rule": RULE,
    "severity": SEVERITY,
    "detail": str,
    "since": TIME,
    "exception": (type(None), {"owner": str, "reason": str, "expires": DATE}),
}
KEY = {
    **dict.fromkeys(("id", "name", "owner_id", "description"), str),
    "owner_kind": re.compile("user|service ID"),
    **dict.fromkeys(("owner_name", "marker"), MAYBE_TEXT),
    "created_at": TIME,
    "age_days": int,
    "expires_at": MAYBE_TIME,
    "expires_in_days": (int, type(None)),
    "is_inactive": (bool, type(None)),
    "last_login_at": MAYBE_TIME,
    "locked": bool,
    "disabled": bool,
    "severity": (SEVERITY, type(None)),
    "findings": [FINDING],
}
# An id is shown as a whole or not at all.
ID = (re.compile(".{1,200}"), type(None))
EVENT = {
    "at": TIME,
    "what": re.compile("[a-z_]{1,40}"),
    "slot": str,
    "generation": int,
    **dict.fromkeys(("key_id", "old_id"), ID),
    **dict.fromkeys(("by", "job", "why"), MAYBE_TEXT),
}
ACCOUNT: dict[str, t.Any] = {
    "name": str,
    "account_id": str,
    "made_at": TIME,
    "login_key_id": MAYBE_TEXT,
    "owner_ids": [str],
    "is_whole": bool,
    "records_read": bool,
    "policy": {
        **dict.fromkeys(("max_age_days", "unused_after_days", "expires_soon_days"), int),
        **dict.fromkeys(("require_expiry", "require_lock"), bool),
        "account_owner_ids": [str],
    },
    "counts": COUNTS,
    "not_checked": [str],
    "slots": {"file": str, "count": int},
    "plan": (
        type(None),
        {"made_at": TIME, "slots": int, "need_a_person": int, "weeks": {name: [int] for name in KINDS}},
    ),
    "history": (type(None), {"count": int, "since": MAYBE_TIME, "events": [EVENT]}),
    "keys": [KEY],
    "idle_exceptions": [{"key": str, "owner": str, "reason": str, "expires": DATE}],
    "controls": [
        {
            **dict.fromkeys(("source", "number", "title"), str),
            "state": re.compile("fail|not checked|in part|pass"),
            **dict.fromkeys(("findings", "excused"), int),
        }
    ],
    "trend": {
        "compared_with": MAYBE_TIME,
        "policy_changed": bool,
        **dict.fromkeys(("new", "mended_count"), int),
        "mended": [GONE],
        "not_seen": [GONE],
        "points": [{"made_at": TIME, **COUNTS}],
    },
}


def fits(value: t.Any, shape: t.Any) -> bool:
    """Whether data is as a shape says: a type, a pattern of a text, one of a tuple, a list of it, a mapping of all."""
    if isinstance(shape, tuple):
        return any(fits(value, each) for each in shape)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(name in value and fits(value[name], of) for name, of in shape.items())
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None and (shape is not TIME or _is_time(value))
    # A bool is no number here.
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= HIGHEST
    return isinstance(value, shape)


def _is_time(text: str) -> bool:
    try:
        return parse_time(text).year <= LAST_YEAR
    except ValueError:
        return False
