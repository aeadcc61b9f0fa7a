# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an audit looks for, how bad it is, which control asks for it, and the task that mends it; pure.

Numbers of the CIS IBM Cloud Foundations Benchmark are those of version 1.0.0; NIST is SP 800-53 revision 5, which asks
for a change "per period" and names none.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import NEXT
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts

SEVERITIES = ("high", "medium", "low")
CIS = "CIS IBM Cloud Foundations Benchmark 1.0.0"
NIST = "NIST SP 800-53 r5"
LEFT_OVER_AFTER_DAYS = 1


@dataclass(frozen=True)
class AuditPolicy:
    """What counts as a finding; defaults are the documented ones."""

    max_age_days: int = 90
    unused_after_days: int = 180
    expires_soon_days: int = 30
    require_expiry: bool = False
    require_lock: bool = False
    account_owner_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Account:
    """What a rule has to know beside the key.

    `recorded_ids` is None when no vault file was named to look into. `newest_ids` are the newest keys of rotated slots.
    """

    twin_ids: frozenset[str] = frozenset()
    recorded_ids: frozenset[str] | None = None
    newest_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Control:
    """A requirement that a rule answers."""

    source: str
    number: str
    title: str

    @property
    def short(self) -> str:
        """As the head of a column."""
        return f"{self.source.split()[0]} {self.number}"


# The key, the policy, the account -> why this is a finding, or None.
Test = t.Callable[[KeyFacts, AuditPolicy, Account], t.Optional[str]]


@dataclass(frozen=True)
class Rule:
    """One thing an audit looks for; `advice` is a sentence, `task` the lines of YAML that mend it.

    In a task `@ids@` stands for the ids of the keys, `@date@` for a day to come.
    """

    name: str
    severity: str
    title: str
    advice: str
    test: Test = field(repr=False)
    task: str | None = None
    controls: tuple[Control, ...] = ()

    @property
    def ends_key(self) -> bool:
        """Whether nobody can log in with a key of these any more after the task."""
        return self.task in (DISABLE_TASK, DELETE_TASK)


ROTATE_TASK = "ansible-playbook cloudkeys.ibmcloud.rotate --vault-id prod@prompt -e @slots.yml"
DISABLE_TASK = """\
- cloudkeys.ibmcloud.iam_api_key:
    id: "{{ item }}"
    disabled: true
    unlock: true
  loop: @ids@"""
DELETE_TASK = """\
- cloudkeys.ibmcloud.iam_api_key:
    id: "{{ item }}"
    state: absent
    unlock: true
  loop: @ids@"""
ACTIVITY_TASK = """\
- cloudkeys.ibmcloud.iam_api_key_info:
    id: "{{ item }}"
    include_activity: true
  loop: @ids@"""
LOCK_TASK = """\
- cloudkeys.ibmcloud.iam_api_key:
    id: "{{ item }}"
    locked: true
  loop: @ids@"""
EXPIRY_TASK = """\
- cloudkeys.ibmcloud.iam_api_key:
    id: "{{ item }}"
    expires_at: "@date@T00:00+0000" # choose
    unlock: true
  loop: @ids@"""

REVOKE_TASK = """\
# ansible-playbook cloudkeys.ibmcloud.revoke_leaked --vault-id prod@prompt -e @slots.yml -e @leaked.yml
# leaked.yml:
revoke_leaked_ids: @ids@"""

ROTATED = (
    Control(CIS, "1.3", "API keys are rotated every 90 days"),
    Control(NIST, "IA-5 f", "authenticators are changed or refreshed periodically"),
)
UNUSED = (
    Control(CIS, "1.2", "API keys unused for 180 days are detected and disabled"),
    Control(NIST, "AC-2 (3)", "what is inactive is disabled"),
)
OWNER = (Control(CIS, "1.5", "no API key exists for the account owner"),)


def _too_old(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    if key.marker or not key.can_log_in or key.age_days <= policy.max_age_days:
        return None
    return f"{key.age_days} days old, {policy.max_age_days} are allowed"


def _rotation_is_overdue(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    if not key.marker or not key.can_log_in or key.age_days <= policy.max_age_days:
        return None
    return f"{key.age_days} days old, although a rotation looks after it ({key.marker})"


def _is_the_owners(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    if key.owner_id not in policy.account_owner_ids or not key.can_log_in:
        return None
    return "it may do everything in the account"


def _is_shut_in_use(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    if not key.disabled or key.id not in account.newest_ids:
        return None
    return f"it is disabled, and the newest key of its slot ({key.marker})"


def _unused(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    if not key.is_inactive or not key.can_log_in or key.age_days < policy.unused_after_days:
        return None
    return f"last log-in {key.last_login_at:%Y-%m-%d}" if key.last_login_at else "it never logged in"


def _expires_soon(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    days = key.expires_in_days
    if key.disabled or days is None or not 0 <= days <= policy.expires_soon_days:
        return None
    return f"in {days} days"


def _has_a_twin(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    return "another key of this owner has the same name" if key.id in account.twin_ids else None


def _is_left_over(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    if not key.marker or key.age_days < LEFT_OVER_AFTER_DAYS:
        return None
    if account.recorded_ids is not None and key.id not in account.recorded_ids:
        return f"no record in the named vault files needs it ({key.marker})"
    if account.recorded_ids is None and key.name.endswith(NEXT):
        return f"it has been the next key for {key.age_days} days ({key.marker})"
    return None


def _has_expired(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    return f"{-(key.expires_in_days or 0)} days ago" if key.has_expired else None


def _never_expires(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    return "it has no date" if policy.require_expiry and key.expires_at is None and not key.disabled else None


def _is_not_locked(key: KeyFacts, policy: AuditPolicy, account: Account) -> str | None:
    return "anybody with the role may delete it" if policy.require_lock and not key.locked else None


RULES: tuple[Rule, ...] = (
    Rule("too_old", "high", "Too old", "Put the key under rotation.", _too_old, ROTATE_TASK, ROTATED),
    Rule(
        "rotation_overdue",
        "high",
        "Rotation overdue",
        "Run the rotation of this slot by hand and read what it says: the scheduled one fails or does not run.",
        _rotation_is_overdue,
        ROTATE_TASK,
        ROTATED,
    ),
    Rule(
        "owner_key",
        "high",
        "Key of the account owner",
        "Give a service ID the rights that are needed, move to a key of that, then disable this one and delete it.",
        _is_the_owners,
        DISABLE_TASK,
        OWNER,
    ),
    Rule(
        "published_disabled",
        "high",
        "Published and disabled",
        "Probably IBM Cloud found it in public and disabled it. If it leaked, revoke it, which replaces it; if a "
        "person disabled it, or its slot is being given up, see to that.",
        _is_shut_in_use,
        REVOKE_TASK,
    ),
    Rule(
        "unused",
        "medium",
        "Not used",
        "Disable it; when nobody complains, delete it.",
        _unused,
        DISABLE_TASK,
        UNUSED,
    ),
    Rule(
        "expires_soon",
        "medium",
        "Expires soon",
        "Whatever uses it stops then: put the key under rotation, or move the date.",
        _expires_soon,
        ROTATE_TASK,
    ),
    Rule(
        "twin",
        "medium",
        "Two keys of one name",
        "Find out which one is in use, by its last log-in, and delete the other.",
        _has_a_twin,
        ACTIVITY_TASK,
    ),
    Rule(
        "left_over",
        "medium",
        "Left by a rotation",
        "Run the rotation of its slot, which clears it away; if the slot is gone, delete the key, with rotated_keys: "
        "allow.",
        _is_left_over,
        ROTATE_TASK,
    ),
    Rule("expired", "low", "Expired", "Delete it, or wait until IBM Cloud does.", _has_expired, DELETE_TASK),
    Rule("no_expiry", "low", "Never expires", "Give it a date, as a safety net.", _never_expires, EXPIRY_TASK),
    Rule("not_locked", "low", "Not locked", "Lock it.", _is_not_locked, LOCK_TASK),
)
EXCEPTION_EXPIRED = Rule(
    "exception_expired",
    "medium",
    "Exception has expired",
    "Mend what it excused, or renew it with a reason.",
    lambda key, policy, account: None,
)
ALL_RULES = (*RULES, EXCEPTION_EXPIRED)
RULE_BY_NAME = {rule.name: rule for rule in ALL_RULES}
