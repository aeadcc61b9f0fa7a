# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A ready file of slots for the keys that no rotation looks after yet."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.render import written_clear

MOST_SHOWN = 20
FILE = "group_vars/all/secrets.yml"
HEADER = """\
---
# Keys that no rotation looks after yet. Choose the file, then run it every day:
#   ansible-playbook cloudkeys.ibmcloud.rotate --vault-id prod@prompt -e @slots.yml
# As it stands a new key is made and published, and the one in retire_ids goes after its overlap: give its users the
# new value by then. If the variable already holds the key's value say `adopt` in its policy and drop retire_ids.
"""


def rotatable(keys: t.Sequence[KeyFacts], caller_iam_id: str) -> list[KeyFacts]:
    """Keys that the caller could put under rotation: their own and those of service IDs, one of each name."""
    seen: set[tuple[str, str]] = set()
    chosen = []
    for key in sorted(keys, key=lambda each: (each.owner_id, each.name, each.id)):
        is_ours = key.owner_kind == "service ID" or key.owner_id == caller_iam_id
        place = (key.owner_id, key.name)
        if is_ours and key.can_log_in and key.marker is None and place not in seen and key.name.strip():
            seen.add(place)
            chosen.append(key)
    return chosen


def slots_block(keys: t.Sequence[KeyFacts]) -> str:
    """The file, as text; `keys` are rotatable ones."""
    taken: set[str] = set()
    slots = [_slot(key, taken) for key in keys]
    return HEADER + written_clear({"rotate_api_keys_slots": slots})


def first_slots(keys: t.Sequence[KeyFacts]) -> str:
    """The beginning of the file, short enough for the output of a job; empty without keys."""
    if not keys:
        return ""
    left = len(keys) - MOST_SHOWN
    more = f"# and {left} more: the audit writes all of them into slots.yml\n" if left > 0 else ""
    return slots_block(keys[:MOST_SHOWN]) + more


def _slot(key: KeyFacts, taken: set[str]) -> dict[str, t.Any]:
    owner = {"service_id": key.owner_id[len("iam-") :]} if key.owner_kind == "service ID" else {}
    return {
        "name": _variable(key, taken),
        "file": FILE,
        **owner,
        "key_name": key.name,
        "policy": {"on_missing_record": "replace"},
        "retire_ids": [key.id],
    }


def _variable(key: KeyFacts, taken: set[str]) -> str:
    """A name for a variable that says which key it is, and that no other has."""
    words = f"{key.owner_name}_{key.name}" if key.owner_name and key.owner_kind == "service ID" else key.name
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "api_key"
    wanted = plain if not plain[0].isdigit() else f"key_{plain}"
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name
