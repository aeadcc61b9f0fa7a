# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the task tells: of each key, of the files, and no value."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.given import Offers
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.slots_file import SlotsFile, slots_text
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.verdict import Verdict, sentence
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import shown_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    ChangedMeanwhile,
    Committed,
    VaultFileError,
)

TOLD = ("id", "name", "iam_id", "owner", "account_id", "locked", "disabled", "expires_at", "last_used_at", "place")
SAID = {
    "imported": "imported",
    "unchanged": "there already",
    "declared": "declared already",
    "login": "of the log-in",
    "same": "given twice",
    "refused": "not imported",
}


@dataclass(frozen=True)
class Written:
    """`text` is the new text of the file with the slots, None where it stays; `problem` is why it was not written."""

    committed: Committed | None
    slots_file: SlotsFile | None
    text: str | None
    problem: VaultFileError | None = None


def result_of(
    verdicts: t.Sequence[Verdict],
    offers: Offers,
    written: Written,
    account_id: str,
    *,
    file: str | None,
    check_mode: bool,
) -> dict[str, t.Any]:
    """The result of the task; `failed` where a key was refused, or a text holds none."""
    refused = [f"{each.offer.item.place}: {each.why}" for each in verdicts if each.outcome == "refused"]
    refused += offers.problems
    slots = [each.slot for each in verdicts if each.slot is not None]
    committed = written.committed
    result: dict[str, t.Any] = {
        "changed": bool(committed and committed.changed) or written.text is not None,
        "api_keys": [_told(each) for each in verdicts],
        "slots": slots,
        "slots_yaml": slots_text(slots) if slots else "",
        "refused": refused,
        "nothing_in": _empty_lines(verdicts, offers),
        "account_id": account_id,
        "file": committed.snapshot.path if committed else None,
        "slots_file": written.slots_file.path if written.slots_file else None,
        "report": [
            _total(verdicts, offers),
            *(sentence(each, file, check_mode=check_mode) for each in verdicts),
            *(f"NOT IMPORTED: {problem}" for problem in offers.problems),
        ],
        "diff": _diff(written),
    }
    if refused:
        result.update(failed=True, msg=f"{len(refused)} of what was given was not imported: {'; '.join(refused)}")
    if written.problem:
        words = f"the values are in {result['file']}, and the slots could not be written: {written.problem}. Run again"
        result.update(failed=True, conflict=isinstance(written.problem, ChangedMeanwhile), msg=words)
    return result


def _told(verdict: Verdict) -> dict[str, t.Any]:
    return {
        **{name: verdict.entry[name] for name in TOLD},
        "outcome": verdict.outcome,
        "why": verdict.why,
        "variable": verdict.variable if verdict.is_import else None,
        "slot": verdict.slot["name"] if verdict.slot else None,
    }


def _total(verdicts: t.Sequence[Verdict], offers: Offers) -> str:
    counts = Counter[str](each.outcome for each in verdicts)
    counts["refused"] += len(offers.problems)
    told = [f"{counts[outcome]} {words}" for outcome, words in SAID.items() if counts[outcome]]
    many = sum(counts.values())
    return f"{many} value{'' if many == 1 else 's'}: {', '.join(told)}"


def _empty_lines(verdicts: t.Sequence[Verdict], offers: Offers) -> list[str]:
    places = {each.offer.item.place for each in verdicts}
    return [line for line in offers.lines if line not in places]


def _diff(written: Written) -> list[dict[str, str]]:
    """Names for the vault file, and the new slots; what else stands in their file may be anything."""
    found = []
    committed, slots_file = written.committed, written.slots_file
    if committed and committed.changed:
        names = [each for each in committed.effects if each.remains]
        before = "".join(f"{shown_path(each.path)}: <previous value>\n" for each in names if each.existed)
        after = "".join(f"{shown_path(each.path)}: <new value, vaulted>\n" for each in names)
        found.append(_side_by_side(committed.snapshot.path, before, after))
    if slots_file and written.text is not None:
        # They are at its end, and what stands before them stays byte for byte.
        found.append(_side_by_side(slots_file.path, "", written.text.removeprefix(slots_file.snapshot.text)))
    return found


def _side_by_side(path: str, before: str, after: str) -> dict[str, str]:
    return {"before": before, "after": after, "before_header": path, "after_header": path}
