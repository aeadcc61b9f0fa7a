# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each key goes: a variable that overwrites none, and a slot that adopts it. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.at_hand import AtHand, Target
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.given import Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.verdict import Run, Verdict
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import RECORDS_VARIABLE
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.suggested import Names, owner_options
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    check_new_variable,
    plain_path,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

NO_FILE = "`file` names no vault file to put it into"


def place_all(verdicts: t.Sequence[Verdict], target: Target | None, file: str, run: Run, at_hand: AtHand) -> None:
    """Give each key that is imported its variable and its slot, or refuse it by name.

    `file` is the vault file of the target as the user wrote it.
    """
    wanted = [each for each in verdicts if each.is_import]
    names = _names(wanted, run, at_hand)
    # What has a name already, or was given one, comes first: nobody else may get it.
    for verdict in sorted(wanted, key=lambda each: _rank(each, target)):
        stays = verdict.offer.stays_in
        if stays:
            verdict.outcome = "unchanged"
            verdict.slot = _slot(verdict, _name_of_slot(stays, names), stays.spelled, names, run)
            continue
        why = _put(verdict, target, names, at_hand)
        if why:
            verdict.outcome, verdict.why = "refused", why
        else:
            verdict.slot = _slot(verdict, t.cast(str, verdict.variable), file, names, run)


def _rank(verdict: Verdict, target: Target | None) -> int:
    if verdict.offer.stays_in or (target and target.holds(verdict.key_value or "")):
        return 0
    return 1 if verdict.offer.variable else 2


def _put(verdict: Verdict, target: Target | None, names: Names, at_hand: AtHand) -> str:
    """Find the variable of one key; the answer is why there is none."""
    if target is None:
        return NO_FILE
    value, chosen = t.cast(str, verdict.key_value), verdict.offer.variable
    name = chosen or target.holds(value) or names.next_variable(_words(verdict))
    why = _why_no_variable(name) if chosen else ""
    if why:
        return why
    if name in target.values and target.values[name] != value:
        return (
            f"the variable {name} holds something else, and nothing is overwritten: give this value another name, as a "
            "mapping in `values`"
        )
    if not names.is_free(name):
        other = "a declared slot" if name in at_hand.names else "another of these keys"
        return f"{other} has the name {name}: give this value another name, as a mapping in `values`"
    names.reserve_variable(name)
    verdict.variable = name
    verdict.outcome = "unchanged" if name in target.values else "imported"
    return ""


def _why_no_variable(name: str) -> str:
    try:
        check_new_variable(name)
    except CannotEdit as error:
        return str(error)
    return f"{RECORDS_VARIABLE} is where the records are" if name == RECORDS_VARIABLE else ""


def _name_of_slot(place: Place, names: Names) -> str:
    """That of its variable, if no other slot is called so."""
    first = place.path[0]
    if len(place.path) == 1 and isinstance(first, str) and names.is_free(first):
        names.reserve_variable(first)
        return first
    return names.take_variable("_".join(step for step in place.path if isinstance(step, str)))


def _slot(verdict: Verdict, name: str, file: str, names: Names, run: Run) -> dict[str, t.Any]:
    entry, stays = verdict.entry, verdict.offer.stays_in
    path = plain_path(stays.path) if stays else [name]
    verdict.variable = verdict.variable or name
    return {
        "name": name,
        "file": file,
        **({} if path == [name] else {"variable": path}),
        **owner_options(entry["iam_id"], run.iam_id),
        "key_name": names.take_key_name(entry["iam_id"], entry["name"] if entry["name"].strip() else name),
        **({"locked": True} if entry["locked"] else {}),
        "policy": {"on_missing_record": "adopt"},
    }


def _words(verdict: Verdict) -> str:
    owner = verdict.entry["owner"] or {}
    name = str(verdict.entry["name"])
    return f"{owner['name']}_{name}" if owner.get("type") == "serviceid" and owner.get("name") else name


def _names(wanted: t.Sequence[Verdict], run: Run, at_hand: AtHand) -> Names:
    """What is taken: slots may name a service ID by its name, and their own keys by nothing."""
    known = {str((each.entry["owner"] or {}).get("name")): each.entry["iam_id"] for each in wanted}
    key_names = {(known.get(owner, owner) or run.iam_id, name) for owner, name in at_hand.key_names}
    keys = {(each.entry["iam_id"], each.entry["name"]) for each in wanted}
    return Names(at_hand.names, key_names, keys)
