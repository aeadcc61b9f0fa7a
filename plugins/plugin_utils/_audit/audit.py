# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys + policy + exceptions -> a report; pure. The same input gives the same report, in the same order."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import Exemption
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import (
    EXCEPTION_EXPIRED,
    RULES,
    SEVERITIES,
    Account,
    AuditPolicy,
    Rule,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import clear_text

MOST_IDS = 20
# A key that is to expire needs a date to choose from; the proposed one is never past.
SAMPLE_LIFE = timedelta(days=180)
LOGIN_ADVICE = "log in with another key first"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one key; `exemption` is why it does not count."""

    rule: Rule
    key: KeyFacts
    detail: str
    exemption: Exemption | None = None


@dataclass(frozen=True)
class Row:
    """One key with what was found; the worst first."""

    key: KeyFacts
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> str | None:
        """That of the worst finding that counts."""
        return next((finding.rule.severity for finding in self.findings if finding.exemption is None), None)


@dataclass(frozen=True)
class Report:
    """What an audit found. `not_checked` are sentences on what could not be looked at.

    `owner_ids` are the owners that it was limited to; without them it was about the account. `is_whole` says that no
    entry of the lists was left out, `records_read` that the records of rotations were looked into.
    `login_key_id` is the key that the audit logged in with, which none of its tasks touches.
    """

    account_id: str
    made_at: datetime
    policy: AuditPolicy
    rows: tuple[Row, ...]
    not_checked: tuple[str, ...] = ()
    idle_exceptions: tuple[Exemption, ...] = ()
    owner_ids: tuple[str, ...] = ()
    is_whole: bool = True
    records_read: bool = False
    login_key_id: str | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that count."""
        return tuple(finding for row in self.rows for finding in row.findings if finding.exemption is None)

    @property
    def excused(self) -> tuple[Finding, ...]:
        return tuple(finding for row in self.rows for finding in row.findings if finding.exemption is not None)

    def count(self, severity: str) -> int:
        return sum(finding.rule.severity == severity for finding in self.findings)

    def fails(self, fail_on: str) -> bool:
        """Whether anything counts that is as bad as this, or worse; `none` never."""
        if fail_on == "none":
            return False
        return any(self.count(severity) for severity in SEVERITIES[: SEVERITIES.index(fail_on) + 1])


def audit(
    account_id: str,
    keys: t.Sequence[KeyFacts],
    policy: AuditPolicy,
    exemptions: t.Sequence[Exemption],
    now: datetime,
    *,
    recorded_ids: frozenset[str] | None = None,
    not_checked: t.Sequence[str] = (),
    login_key_id: str | None = None,
) -> Report:
    """Look at every key; `recorded_ids` are the keys that records of rotations need, None when nobody looked."""
    account = Account(_twins(keys), recorded_ids, _newest(keys))
    used: set[Exemption] = set()
    rows = [Row(key, tuple(_findings(key, policy, account, exemptions, now, used))) for key in keys]
    rows.sort(key=_order)
    idle = tuple(each for each in exemptions if each not in used)
    return Report(
        account_id,
        now,
        policy,
        tuple(rows),
        tuple(not_checked),
        idle,
        login_key_id=login_key_id,
        records_read=recorded_ids is not None,
    )


def _findings(
    key: KeyFacts,
    policy: AuditPolicy,
    account: Account,
    exemptions: t.Sequence[Exemption],
    now: datetime,
    used: set[Exemption],
) -> list[Finding]:
    found: list[Finding] = []
    expired: dict[Exemption, None] = {}
    for rule in RULES:
        detail = rule.test(key, policy, account)
        if detail is None:
            continue
        fitting = [each for each in exemptions if each.fits(key, rule.name)]
        used.update(fitting)
        valid = next((each for each in fitting if each.expires >= now.date()), None)
        found.append(Finding(rule, key, detail, valid))
        if fitting and valid is None:
            expired[fitting[0]] = None
    found += [
        Finding(EXCEPTION_EXPIRED, key, f"{each.owner} answered for it until {each.expires}: {each.reason}")
        for each in expired
    ]
    return sorted(found, key=lambda each: (each.exemption is not None, SEVERITIES.index(each.rule.severity)))


def _twins(keys: t.Sequence[KeyFacts]) -> frozenset[str]:
    """Keys that share owner and name and can log in; those of one rotation are no twins, it keeps two for a while."""
    able = [key for key in keys if key.can_log_in]
    counts = Counter((key.owner_id, key.name) for key in able)
    rotated = Counter((key.owner_id, key.name) for key in able if key.marker)
    shared = {place for place, count in counts.items() if count > 1 and rotated[place] < count}
    return frozenset(key.id for key in able if (key.owner_id, key.name) in shared)


def _newest(keys: t.Sequence[KeyFacts]) -> frozenset[str]:
    """The newest key of each rotated slot: the published one, unless a rotation is on its way."""
    newest: dict[str, tuple[int, str]] = {}
    for key in keys:
        if key.marker:
            here = (key.marker.generation, key.id)
            newest[key.marker.slot_id] = max(newest.get(key.marker.slot_id, (0, "")), here)
    return frozenset(key_id for _generation, key_id in newest.values())


def _order(row: Row) -> tuple[int, int, str]:
    severity = row.severity
    return (SEVERITIES.index(severity) if severity else len(SEVERITIES), -row.key.age_days, row.key.id)


def remedy(rule: Rule, key_ids: t.Sequence[str], made_at: datetime, login_key_id: str | None) -> str:
    """The rule's task over the ids of its keys, as YAML ready to copy; of many keys the first ones.

    A task that ends keys leaves out the one that the audit logged in with.
    """
    task = (rule.task or "").replace("@date@", f"{made_at + SAMPLE_LIFE:%Y-%m-%d}")
    if "@ids@" not in task:
        return task
    ids = [key_id for key_id in key_ids if not (rule.ends_key and key_id == login_key_id)]
    spared = (
        "" if len(ids) == len(key_ids) else f"# not {shown(str(login_key_id))}, which you log in with: {LOGIN_ADVICE}"
    )
    if not ids:
        return spared
    listed = "".join(f"\n    - {clear_text(key_id)}" for key_id in ids[:MOST_IDS])
    more = f"\n    # and {len(ids) - MOST_IDS} more, see the JSON" if len(ids) > MOST_IDS else ""
    return "\n".join(filter(None, [spared, task.replace(" @ids@", listed + more)]))
