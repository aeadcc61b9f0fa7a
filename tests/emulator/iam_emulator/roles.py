# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which role on the service IAM Identity allows what (iam-facts.md 5.1)."""

from __future__ import annotations

from collections.abc import Iterable

from .refusals import invalid

READS_KEYS = {"apikey.list", "apikey.get", "apikey.review"}
READS_ENTITIES = {"serviceid.get", "profile.get", "activity.get", "account.get"}
EDITS = {"apikey.update", "serviceid.update", "profile.update"}
CREATES = {"apikey.create", "apikey.delete", "serviceid.delete"}
REPORTS = {"report.create", "report.get"}

# The names of the profile and account actions are not in the document; who has them is a choice (README.md).
ACTIONS_BY_ROLE: dict[str, frozenset[str]] = {
    "Administrator": frozenset(
        READS_KEYS
        | READS_ENTITIES
        | EDITS
        | CREATES
        | REPORTS
        | {"apikey.manage", "profile.create", "profile.delete", "account.update", "group.manage"}
    ),
    "Operator": frozenset(READS_KEYS | READS_ENTITIES | EDITS | CREATES),
    "Editor": frozenset(READS_KEYS | READS_ENTITIES | EDITS),
    # Its description says that it may view API keys, its list of actions has none of them.
    "Viewer": frozenset(READS_ENTITIES),
    "API key reviewer": frozenset({"apikey.review"}),
    "Service Configuration Reader": frozenset(REPORTS | {"apikey.review"}),
    "User API key creator": frozenset({"user-apikey.create"}),
    "Service ID creator": frozenset({"serviceid.create"}),
}


def checked_roles(names: Iterable[str]) -> frozenset[str]:
    """These roles; an unknown one is refused."""
    roles = frozenset(map(str, names))
    if roles - ACTIONS_BY_ROLE.keys():
        raise invalid(f"unknown role {min(roles - ACTIONS_BY_ROLE.keys())}, known are {', '.join(ACTIONS_BY_ROLE)}")
    return roles


def allows(roles: Iterable[str], action: str) -> bool:
    """Whether one of the roles has this action (without the prefix `iam-identity.`)."""
    return any(action in ACTIONS_BY_ROLE[role] for role in roles)
