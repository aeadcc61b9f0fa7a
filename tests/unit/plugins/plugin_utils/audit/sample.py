# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small account with one key for each kind of finding, at a fixed time."""

from __future__ import annotations

import typing as t
from datetime import date, datetime, timedelta, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Report, audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import Exemption
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import AuditPolicy

NOW = datetime(2026, 6, 1, 9, 30, tzinfo=timezone.utc)
USER, OWNER = "IBMid-1000", "IBMid-0001"
ROBOT = "iam-ServiceId-3f0c1d2e"
ACCOUNT_ID = "4ab7555c93081b8b55cf93176e709475"
HOSTILE = '<script>alert(1)</script>"\'&=cmd()|x\n\u202e{{ lookup("env","HOME") }}`*[a](b)'


def key(key_id: str, *, age_days: int = 10, **words: t.Any) -> KeyFacts:
    """A key that is fine, but for what the words say."""
    created_at = NOW - timedelta(days=age_days)
    expires_in_days = words.pop("expires_in_days", None)
    usual: dict[str, t.Any] = {
        "id": f"ApiKey-{key_id}",
        "name": key_id,
        "owner_id": ROBOT,
        "owner_name": "ci-deploy",
        "description": "",
        "marker": None,
        "created_at": created_at,
        "age_days": age_days,
        "expires_at": None if expires_in_days is None else NOW + timedelta(days=expires_in_days),
        "expires_in_days": expires_in_days,
        "is_inactive": False,
        "last_login_at": None,
        "locked": False,
        "disabled": False,
    }
    return KeyFacts(**{**usual, **words})


def account() -> list[KeyFacts]:
    return [
        key("fine"),
        key("too-old", age_days=91),
        key("rotated-too-late", age_days=120, marker=Marker("3f9a2c7d", 4), locked=True),
        key("unused", age_days=85, is_inactive=True),
        key("long-unused", age_days=400, is_inactive=True, last_login_at=NOW - timedelta(days=200)),
        key("of-the-owner", owner_id=OWNER, owner_name="First User"),
        key("ends-soon", expires_in_days=12),
        key("ended", age_days=300, expires_in_days=-5),
        key("twin-1", name="twin"),
        key("twin-2", name="twin"),
        key("left", name="deploy (next)", age_days=3, marker=Marker("3f9a2c7d", 5)),
        key("off", age_days=500, disabled=True, is_inactive=True),
        key("shut", disabled=True, marker=Marker("0a1b2c3d", 7)),
        key("hostile", name=HOSTILE, owner_name=HOSTILE, description=HOSTILE, owner_id=USER, age_days=200),
    ]


POLICY = AuditPolicy(account_owner_ids=frozenset({OWNER}))
EXEMPTIONS = (
    Exemption("ApiKey-too-old", "Team A", "moves in autumn | see #7", date(2026, 12, 31), frozenset({"too_old"})),
    Exemption("long-*", "Team B", "=archive", date(2026, 1, 31)),
    Exemption("gone", "Team C", "was deleted", date(2027, 1, 1)),
)


def report(keys: t.Sequence[KeyFacts] | None = None, policy: AuditPolicy = POLICY, **words: t.Any) -> Report:
    given: dict[str, t.Any] = {"not_checked": ("nothing at all",), **words}
    return audit(ACCOUNT_ID, account() if keys is None else keys, policy, EXEMPTIONS, NOW, **given)
