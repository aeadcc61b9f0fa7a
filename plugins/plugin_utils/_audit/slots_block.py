# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A ready file of slots for the keys that no rotation looks after yet."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.suggested import Names, owner_options
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.render import written_clear

MOST_SHOWN = 20
FILE = "group_vars/all/secrets.yml"
# By this the next audit knows a file that it may replace: people have slots of their own under the same name, or go on
# from these.
SEAL = "# Nobody has changed these lines since an audit wrote them: "
HEADER = """\
---
# Keys that no rotation looks after yet. Copy it to a place of yours, choose the file, then run it every day:
#   ansible-playbook cloudkeys.ibmcloud.rotate --vault-id prod@prompt -e @slots.yml
# As it stands a new key is made and published, and the one in retire_ids goes after its overlap: give its users the
# new value by then. If the variable already holds the key's value say `adopt` in its policy and drop retire_ids.
# The key that you log in with has no slot here. With two keys of one name the second slot has a new name for its key.
"""


def rotatable(
    keys: t.Sequence[KeyFacts], caller_iam_id: str, spared_ids: t.Collection[str] = frozenset()
) -> list[KeyFacts]:
    """Keys that the caller could put under rotation, their own and those of service IDs.

    `spared_ids` are those that slots have already, and the one that the run logs in with.
    """
    return [
        key
        for key in sorted(keys, key=lambda each: (each.owner_id, each.name, each.id))
        if (key.owner_kind == "service ID" or key.owner_id == caller_iam_id)
        and key.can_log_in
        and key.marker is None
        and key.id not in spared_ids
        and key.name.strip()
    ]


def slots_block(keys: t.Sequence[KeyFacts]) -> str:
    """The file, as text; `keys` are rotatable ones."""
    names = Names(keys=((key.owner_id, key.name) for key in keys))
    slots = [_slot(key, names) for key in keys]
    return HEADER + written_clear({"rotate_api_keys_slots": slots})


def slots_file(keys: t.Sequence[KeyFacts]) -> str:
    """The file with a line that tells whether anybody has changed it since."""
    text = slots_block(keys)
    return f"{text}{SEAL}{_digest(text)}\n"


def is_as_written(content: bytes) -> bool:
    """Whether a file is one of `slots_file`, and as that made it."""
    try:
        text, seal, digest = content.decode().rpartition(SEAL)
    except UnicodeDecodeError:
        return False
    return bool(seal) and digest == f"{_digest(text)}\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def first_slots(keys: t.Sequence[KeyFacts]) -> str:
    """The beginning of the file, short enough for the output of a job; empty without keys."""
    if not keys:
        return ""
    left = len(keys) - MOST_SHOWN
    more = f"# and {left} more: the audit writes all of them into slots.yml\n" if left > 0 else ""
    return slots_block(keys[:MOST_SHOWN]) + more


def _slot(key: KeyFacts, names: Names) -> dict[str, t.Any]:
    is_of_service_id = key.owner_kind == "service ID"
    return {
        "name": names.take_variable(
            f"{key.owner_name}_{key.name}" if key.owner_name and is_of_service_id else key.name
        ),
        "file": FILE,
        **owner_options(key.owner_id, key.owner_id),
        "key_name": names.take_key_name(key.owner_id, key.name),
        "policy": {"on_missing_record": "replace"},
        "retire_ids": [key.id],
    }
