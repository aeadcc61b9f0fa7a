# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The type and the form of every member of an answer that is used: what has another one is refused at the door.

An id goes into paths, files and reports, a version into a header, a time into decisions. A name or a description is any
text, with all its odd characters.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotUnderstood

Form = t.Callable[[t.Any], t.Any]

# Beyond that a sum with some days has no date any more. An expiry may be there, which people write for "never".
LAST_YEAR_OF_THE_PAST = 9000
MOST_SECONDS = 2**37


def text(value: t.Any) -> str:
    """Any text; half of a surrogate pair, which no file can hold, becomes a question mark."""
    if not isinstance(value, str):
        raise ValueError
    return value.encode("utf-8", "replace").decode("utf-8")


def matching(pattern: str) -> Form:
    """A text of exactly this form."""
    compiled = re.compile(pattern)

    def form(value: t.Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError
        return value

    return form


def flag(value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def count(value: t.Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def seconds(value: t.Any) -> float:
    """Seconds since 1970, at which something happens that is neither long ago nor far ahead."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < MOST_SECONDS:
        raise ValueError
    return float(value)


def moment(value: t.Any) -> str | None:
    """A time in one of the forms of IAM, as it was told; None when it is empty."""
    return t.cast("str", value) if text(value) and parse_time(value) else None


def past(value: t.Any) -> str | None:
    """A time at which something happened."""
    told = moment(value)
    if told and parse_time(told).year > LAST_YEAR_OF_THE_PAST:
        raise ValueError
    return told


def objects(value: t.Any) -> list[dict[str, t.Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError
    return value


def crns(value: t.Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(map(text, value))


# Prefixes and characters; how long an id is, is not documented.
KEY_ID = matching("ApiKey-[0-9A-Za-z-]{1,100}")
SERVICE_ID = matching("ServiceId-[0-9A-Za-z-]{1,100}")
GROUP_ID = matching("[0-9A-Za-z_-]{1,200}")
ACCOUNT_ID = matching("[0-9A-Za-z_-]{1,100}")
# Of users, service IDs, profiles and IBM's own services (`crn-crn:v1:...`).
IAM_ID = matching("[0-9A-Za-z][0-9A-Za-z._:@/+=~-]{0,499}")
REFERENCE = matching("[0-9A-Za-z-]{1,200}")
WORD = matching("[0-9A-Za-z_-]{1,100}")
# What goes into a header.
VISIBLE = matching("[!-~]{1,500}")


def understood(
    entry: t.Any, required: t.Mapping[str, Form], optional: t.Mapping[str, Form], what: str, action: str
) -> dict[str, t.Any]:
    """The members of an entry that have a form; an optional one that is missing or null is left out.

    `what` is for the message: "an API key". Raises NotUnderstood, which names the operation and the member, and its
    id if it has one, but never quotes what came.
    """
    if not isinstance(entry, dict):
        raise _not_known(what, "it is no object", action)
    told: dict[str, t.Any] = {}
    for member, form in {**required, **optional}.items():
        value = entry.get(member)
        if value is None and member not in required:
            continue
        try:
            told[member] = form(value)
        except (ValueError, TypeError):
            named = f"{what} {told['id']}" if "id" in told else what
            raise _not_known(
                named, f"its {member} {'is missing' if value is None else 'has a foreign form'}", action
            ) from None
    return {member: value for member, value in told.items() if value is not None}


def _not_known(what: str, why: str, action: str) -> NotUnderstood:
    return NotUnderstood(f"IBM Cloud IAM described {what} in a form that is not understood: {why} (asked to {action})")
