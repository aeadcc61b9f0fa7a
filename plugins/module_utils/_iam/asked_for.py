# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is an answer about what was asked for? A cache, or a proxy that drops a query, tells of another thing."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotUnderstood

MADE = (200, 201)


def check_same(what: str, told_id: str, asked_id: str, action: str) -> None:
    """Raise NotUnderstood unless the answer is about the one that was asked for; `what` is for the message."""
    if told_id != asked_id:
        raise NotUnderstood(f"what came is another {what} than the one that was asked for (asked to {action})")


def check_owner(what: str, told: t.Any, action: str, **asked: str | None) -> None:
    """Raise NotUnderstood if something that is listed is not of the account or identity that was asked for.

    A filter that was lost on the way would have keys of others purged.
    """
    for member, wanted in asked.items():
        said = getattr(told, member)
        if wanted and said and said != wanted:
            whose = {"account_id": "account", "iam_id": "owner"}[member]
            raise NotUnderstood(
                f"the answer has {what} {told.id} of another {whose} than was asked for (asked to {action})"
            )


def check_made(what: str, told: t.Any, action: str, **asked: str | None) -> None:
    """Raise NotUnderstood unless what was made is what was to be made; what IAM does not tell, it does not deny."""
    differing = [name for name, wanted in asked.items() if wanted and (getattr(told, name) or wanted) != wanted]
    if differing:
        raise NotUnderstood(f"what was made is not {what} that was asked for: its {differing[0]} differs ({action})")


def check_done(status: int, action: str) -> None:
    """Raise NotUnderstood for another success than that of a create."""
    if status not in MADE:
        raise NotUnderstood(f"the answer {status} to {action} does not say that it is done")
