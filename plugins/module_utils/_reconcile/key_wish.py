# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task asks for, as plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import MINUTE_FORM, parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import LONGEST_QUOTED
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description

# A value of one's own has at least this many characters (iam-facts.md 3.2).
SHORTEST_OWN_VALUE = 32
# The separator is a blank when YAML took the text for a time of its own; seconds do not count.
EXPIRY = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::[0-5]\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


@dataclass(frozen=True)
class KeyWish:
    """One API key as it should be; None means that the user did not say.

    An `iam_id` of "" leaves the owner open, for a key that is named by its id or value. `expires_at` is IAM's text, or
    "" for never. `store_value`, `key_value` and `key_source` are for a key that is made; without `name` and `id`,
    `key_value` says which key is meant.
    """

    iam_id: str
    account_id: str
    name: str | None = None
    id: str | None = None
    state: str = "present"
    description: str | None = None
    expires_at: str | None = None
    action_when_leaked: str | None = None
    support_sessions: bool | None = None
    locked: bool | None = None
    disabled: bool | None = None
    store_value: bool | None = None
    key_value: str | None = field(default=None, repr=False)
    key_source: str = "local"
    on_duplicate: str = "fail"
    unlock: bool = False
    allow_self: bool = False
    recreate: bool = False
    rotated_keys: str = "refuse"

    def __post_init__(self) -> None:
        for why_not in (_about_texts(self), _about_owner(self), _about_duplicates(self), _about_value(self)):
            if why_not:
                raise TaskRefused(why_not)


def _about_texts(wish: KeyWish) -> str | None:
    if split_description(wish.description)[1]:
        return (
            "the description must not end like a rotation marker, [cloudkeys .../...]: "
            "the rotation finds its keys by that text and would take this key for its own"
        )
    return None


def _about_owner(wish: KeyWish) -> str | None:
    if wish.store_value and wish.iam_id and not is_service_id(wish.iam_id):
        return "`store_value: true` is for API keys of service IDs: IBM Cloud keeps no value of a user's key"
    if wish.support_sessions and is_service_id(wish.iam_id):
        return "`support_sessions: true` is for API keys of users: log-ins of a service ID are no sessions"
    return None


def _about_duplicates(wish: KeyWish) -> str | None:
    if wish.state == "present" and wish.on_duplicate == "all":
        return "`on_duplicate: all` deletes every key of the name, so it goes with `state: absent` only"
    if wish.state == "absent" and wish.on_duplicate in {"newest", "oldest"}:
        return (
            f"`on_duplicate: {wish.on_duplicate}` with `state: absent` would delete another key in every run; "
            "say which one by its `id`, or `on_duplicate: all`"
        )
    return None


def _about_value(wish: KeyWish) -> str | None:
    if wish.recreate and wish.id:
        return "`recreate: true` makes a key of another id, so the key has to be named by its `name`, not by `id`"
    if wish.key_value is None or wish.state == "absent":
        return None
    if len(wish.key_value) < SHORTEST_OWN_VALUE:
        return f"`key_value` must have at least {SHORTEST_OWN_VALUE} characters"
    return None


def _quoted(text: str) -> str:
    """What was typed, if it is too short for a key (docs/decisions/0013-what-a-message-may-quote.md)."""
    return f", and not {text!r}" if 0 < len(text) <= LONGEST_QUOTED else ""


def minute_text(text: str) -> str:
    """A time in IAM's form, `2027-03-31T12:00+0000`, seconds cut off; raises TaskRefused for anything else."""
    found = EXPIRY.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        return parse_time("{}T{}{}".format(*found.groups())).strftime(MINUTE_FORM)
    except ValueError:
        raise TaskRefused(
            f"expires_at has to be a time with its zone, such as 2027-03-31T12:00+0000 or 2027-03-31T14:00:00+02:00, "
            f"or an empty text for never{_quoted(text)}"
        ) from None
