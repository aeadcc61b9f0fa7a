# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys a run has seen and is about to shut: written before it acts, because a dead value cannot be looked up.

It holds ids and fingerprints (docs/decisions/0047-a-leak-run-remembers-fingerprints.md), and no value.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import Item, fingerprint
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of, replace_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import read_own_text

MEMBERS = ("id", "name", "iam_id", "account_id", "owner", "fingerprint")

Entries = dict[str, dict[str, t.Any]]


def path_of(folder: str, account_id: str) -> str:
    return os.path.join(folder, f"leaked-keys-{account_id}.json")


def read(path: str) -> Entries:
    """What earlier runs have noted, by id; raises TaskRefused for a file that is not one of these."""
    try:
        # A verdict rests on it: with an entry of somebody else a key would be dead.
        keys = json.loads(read_own_text(path))["keys"]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TaskRefused(f"the journal {path} cannot be read: {reason_of(error)}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TaskRefused(f"the journal {path} is not one of this collection; move it away") from None
    if not isinstance(keys, dict) or not all(isinstance(entry, dict) for entry in keys.values()):
        raise TaskRefused(f"the journal {path} is not one of this collection; move it away")
    return keys


def note(path: str, seen: t.Iterable[t.Mapping[str, t.Any]], now: str) -> None:
    """Add keys that were seen alive; what was noted of a key first stays."""
    known = read(path)
    found = {**known}
    for entry in seen:
        told = {name: entry[name] for name in MEMBERS}
        before = found.get(entry["id"], {})
        found[entry["id"]] = {
            **told,
            "seen_at": now,
            **before,
            "fingerprint": told["fingerprint"] or before.get("fingerprint"),
        }
    if found == known:
        return
    try:
        replace_file(path, (json.dumps({"keys": found}, indent=2) + "\n").encode())
    except OSError as error:
        raise TaskRefused(f"the journal {path} cannot be written: {reason_of(error)}. Nothing was changed") from None


def recall(known: Entries, item: Item) -> dict[str, t.Any] | None:
    """What an earlier run has noted of an item."""
    if item.key_id is not None:
        return known.get(item.key_id)
    prints = {fingerprint(reading) for reading in item.readings}
    return next((entry for entry in known.values() if entry.get("fingerprint") in prints), None)
