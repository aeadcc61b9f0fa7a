# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of each key that was given, and why; pure. Nothing of a value is in what is told."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import Sighting
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.at_hand import AtHand
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.given import Offer

Outcome = t.Literal["imported", "unchanged", "declared", "login", "same", "refused"]
Entry = dict[str, t.Any]

NOT_FOUND = "no API key has this value, so it was cut or mistyped, or the key is deleted"
OF_LOG_IN = (
    "this run logs in with it, so it gets no slot: keep its value where the job has it from, and replace it as "
    "docs/import.md says"
)
DISABLED = "it is disabled, and nothing that has it can log in: enable it if that is meant, or delete it"
EXPIRED = "it has expired, and nothing that has it can log in: make a new key for its users, or delete it"


@dataclass(frozen=True)
class Run:
    """Who imports: the account, the IAM ID, the key of the log-in if there is one, and IAM's time."""

    account_id: str
    iam_id: str
    login_key_id: str | None
    now: datetime


@dataclass
class Verdict:
    """`entry` is what is known of the key, `why` what there is to say; `variable` and `slot` are set for an import."""

    offer: Offer
    entry: Entry
    key_value: str | None = field(default=None, repr=False)
    outcome: Outcome = "refused"
    why: str = ""
    variable: str | None = None
    slot: dict[str, t.Any] | None = None

    @property
    def is_import(self) -> bool:
        return self.outcome in ("imported", "unchanged")


def judge(offer: Offer, seen: Sighting, entry: Entry, run: Run, at_hand: AtHand) -> Verdict:
    """What becomes of one key, as far as it does not depend on the others that are given."""
    verdict = Verdict(offer, entry, seen.key_value)
    why = _why_not_usable(seen, run)
    declared = _declared(seen, at_hand)
    if why:
        verdict.why = why
    elif entry["id"] == run.login_key_id:
        verdict.outcome, verdict.why = "login", OF_LOG_IN
    elif declared:
        verdict.outcome, verdict.why = "declared", declared
    else:
        verdict.why = _why_not_now(entry, run)
        verdict.outcome = "refused" if verdict.why else "imported"
    return verdict


def note_repetitions(verdicts: t.Sequence[Verdict]) -> None:
    """A key that is given more than once is one slot; where it stays in a vault file, that place is the one."""
    first: dict[str, Verdict] = {}
    for each in sorted(verdicts, key=lambda each: each.offer.stays_in is None):
        if not each.is_import:
            continue
        known = first.setdefault(each.entry["id"], each)
        if known is not each:
            each.outcome, each.why = "same", f"the same key as {known.offer.item.place}"


def sentence(verdict: Verdict, file: str | None, *, check_mode: bool) -> str:
    """One line of the report."""
    entry, place = verdict.entry, verdict.offer.item.place
    would = "would be " if check_mode else ""
    said = {
        "imported": f"{would}imported as {verdict.variable}",
        "unchanged": f"is there already as {verdict.variable}",
        "declared": f"nothing to do, {verdict.why}",
        "login": verdict.why,
        "same": verdict.why,
        "refused": f"NOT IMPORTED: {verdict.why}",
    }[verdict.outcome]
    if verdict.is_import:
        stays = verdict.offer.stays_in
        said = f"stays there, slot {(verdict.slot or {}).get('name')}" if stays else f"{said} in {file}"
    return f"{place}: {_whose(entry)}{said}"


def _whose(entry: Entry) -> str:
    if not entry["id"]:
        return ""
    owner = entry["owner"] or {}
    states = [name for name in ("locked", "disabled") if entry[name]]
    states += [f"expires {entry['expires_at']}"] if entry["expires_at"] else []
    states += [f"last used {entry['last_used_at']}"] if entry["last_used_at"] else ["never used"]
    name = owner.get("name") or owner.get("email") or entry["iam_id"]
    return f"{entry['id']} ({entry['name']}) of {name}, {', '.join(states)}; "


def _why_not_usable(seen: Sighting, run: Run) -> str:
    if seen.problem:
        return f"whose it is cannot be told: {seen.problem}"
    if not seen.is_there:
        return NOT_FOUND
    if seen.key is not None:
        own = seen.key.account_id == run.account_id
        return "" if own else _of_another_account(seen.key.iam_id, seen.key.account_id, run)
    if seen.caller is None:
        return "it is that of a disabled key that this caller does not see: log in to its account with a role that may"
    if seen.caller.account_id != run.account_id:
        return _of_another_account(seen.caller.iam_id, seen.caller.account_id, run)
    return (
        f"it logs in as {seen.caller.iam_id}, whose keys this caller may not see: log in as its owner, or with a role "
        "that may"
    )


def _of_another_account(iam_id: str, account_id: str, run: Run) -> str:
    return (
        f"it is {iam_id}'s in account {account_id}, and this run logs in to account {run.account_id}: import it with "
        "a log-in of that account"
    )


def _declared(seen: Sighting, at_hand: AtHand) -> str | None:
    if seen.key is None:
        return None
    known = at_hand.ids.get(seen.key.id) or at_hand.retired.get(seen.key.id)
    return known or at_hand.values.get(seen.key_value or "")


def _why_not_now(entry: Entry, run: Run) -> str:
    if entry["rotation_marker"]:
        return (
            f"a rotation looks after it {entry['rotation_marker']}, whose slot is not at hand: give its file in "
            "vault_files, or its slots"
        )
    if entry["disabled"]:
        return DISABLED
    if entry["expires_at"] and parse_time(entry["expires_at"]) <= run.now:
        return EXPIRED
    return ""
