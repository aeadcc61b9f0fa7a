# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the accounts of a leak run told, checked at the door: it comes through variables, and could be made by hand."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.merged import WORST_FIRST, Entry

MEMBERS = {"leaked", "problems", "nothing_in"}
TEXTS = {"problems", "nothing_in", "transaction_ids"}
# Of an account, beside its lists; and of an entry of `leaked`. What may be missing may be null as well.
OF_ACCOUNT: dict[str, type] = {
    **dict.fromkeys(("name", "problem", "account_id", "looked_at", "ended_at"), str),
    "caller": dict,
}
MAY_BE_MISSING: dict[str, type] = {
    **dict.fromkeys(("id", "name", "iam_id", "account_id", "item", "how", "command", "tokens_end_at", "problem"), str),
    **dict.fromkeys(("given_as", "rotation_marker", "last_used_at"), str),
    **dict.fromkeys(("found", "locked", "disabled"), bool),
    **dict.fromkeys(("owner", "slot"), dict),
}
HAS_TO_BE: dict[str, type] = {"number": int, "place": str, "is_of_this_account": bool}
# What a sentence reads in them.
INSIDE = {"owner": ("name", "email"), "slot": ("state", "file", "variable"), "caller": ("iam_id", "name", "email")}


def checked(number: int, account: Entry, *, is_question: bool) -> Entry:
    """One account's part, complete; one that did not come that far has a problem. Raises TaskRefused for another shape.

    An answer to a question has no verdicts.
    """
    where = f"accounts, entry {number}"
    _check(where, account, OF_ACCOUNT, {})
    for name in TEXTS & account.keys():
        if not isinstance(account[name], list) or not all(isinstance(text, str) for text in account[name]):
            raise _refused(where, name)
    leaked = account.get("leaked") or []
    if not isinstance(leaked, list):
        raise _refused(where, "leaked")
    name = str(account.get("name") or "an account")
    has_problem = account.get("problem") or not account.keys() >= MEMBERS
    entries = [
        _checked_entry(f"{where}, entry {place} of `leaked`", entry, has_verdict=not (is_question or has_problem))
        for place, entry in enumerate(leaked, 1)
    ]
    if has_problem:
        problem = str(account.get("problem") or "it gave no answer")
        return {**account, "name": name, "leaked": entries, "problem": problem}
    return {**account, "name": name, "leaked": entries}


def _checked_entry(where: str, entry: t.Any, *, has_verdict: bool) -> Entry:
    if not isinstance(entry, dict):
        raise TaskRefused(f"{where} is not as iam_leaked_keys returns it. Nothing was written")
    _check(where, entry, MAY_BE_MISSING, HAS_TO_BE)
    if has_verdict and (entry.get("verdict") not in WORST_FIRST or not entry.get("how")):
        raise _refused(where, "verdict")
    return {**dict.fromkeys(MAY_BE_MISSING), **entry}


def _check(where: str, told: Entry, may_be_missing: t.Mapping[str, type], has_to_be: t.Mapping[str, type]) -> None:
    for name, kind in {**may_be_missing, **has_to_be}.items():
        value = told.get(name)
        if value is None and name not in has_to_be:
            continue
        # To Python true is a number.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _refused(where, name)
        if any(not isinstance(told[name].get(part), (str, type(None))) for part in INSIDE.get(name, ())):
            raise _refused(where, name)


def _refused(where: str, name: str) -> TaskRefused:
    return TaskRefused(f"{where}: `{name}` is not as iam_leaked_keys returns it. Nothing was written")
