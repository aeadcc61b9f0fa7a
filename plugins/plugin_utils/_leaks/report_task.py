# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of a leak run: one verdict for each item over all accounts, the record of it, and red unless all are dead."""

from __future__ import annotations

import itertools
import os
import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import sentence
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of, replace_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.incident import as_json, as_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.merged import (
    Entry,
    line_of,
    merged,
    nothing_in,
    problems,
)

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "accounts": {"type": "list", "elements": "dict", "required": True},
        "expected": {"type": "list", "elements": "str"},
        "folder": {"type": "path"},
        "require_dead": {"type": "bool", "default": True},
    },
}
MEMBERS = {"leaked", "problems", "nothing_in"}


def report(params: dict[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """The verdicts, and where the record is; failed unless every item is dead."""
    accounts = [_checked(account) for account in params["accounts"]]
    missing = [name for name in params["expected"] or [] if name not in {account["name"] for account in accounts}]
    accounts += [_checked({"name": name}) for name in missing]
    if not params["require_dead"]:
        return _whose(accounts)
    verdicts = merged(accounts)
    told: Entry = {"verdicts": verdicts, "problems": problems(accounts), "nothing_in": nothing_in(accounts)}
    files = _write(params["folder"], accounts, told) if params["folder"] and not check_mode else []
    alive = [entry for entry in verdicts if entry["verdict"] != "dead"]
    lines = [line_of(entry) for entry in sorted(verdicts, key=lambda each: each["verdict"] == "dead")]
    result: dict[str, t.Any] = {
        "changed": bool(files),
        **told,
        "report": [*lines, *told["problems"], *(f"{line}: nothing found here" for line in told["nothing_in"])],
        "files": files,
    }
    if alive or told["problems"] or not verdicts:
        said = [*(line_of(entry) for entry in alive), *told["problems"]] or ["nothing was said to be leaked"]
        count = f"{len(alive)} of {len(verdicts)} leaked keys are not proven to be dead"
        if verdicts and not alive:
            count = "every leaked key that was found is dead, and this is not done"
        result.update(failed=True, msg=f"{count}. {' // '.join(said)}")
    return result


def _whose(accounts: t.Sequence[Entry]) -> dict[str, t.Any]:
    """The answer to a question: it tells what is not known, and fails for nothing."""
    for account in accounts:
        for entry in account.get("leaked") or []:
            is_open = entry["problem"] and not entry["found"]
            entry["verdict"] = "unknown" if is_open else "alive" if entry["found"] else "not_found"
            entry["how"] = entry["problem"] or ""
    verdicts = merged(accounts)
    told: Entry = {"verdicts": verdicts, "problems": problems(accounts), "nothing_in": nothing_in(accounts)}
    words = {"unknown": "CANNOT BE TOLD", "not_found": "NOT FOUND"}
    lines = [
        sentence(each) if each.get("found") else f"{each['place']}: {words[each['verdict']]}: {each['how']}"
        for each in verdicts
    ]
    nothing = [f"{line}: nothing found here" for line in told["nothing_in"]]
    answer = {"changed": False, **told, "report": [*lines, *told["problems"], *nothing], "files": []}
    if all(account.get("problem") for account in accounts):
        return {**answer, "failed": True, "msg": "; ".join(told["problems"])}
    return answer


def _checked(account: Entry) -> Entry:
    """One account's part; one that did not come that far has a problem."""
    name = str(account.get("name") or "an account")
    if account.get("problem") or not account.keys() >= MEMBERS:
        return {**account, "name": name, "problem": str(account.get("problem") or "it gave no answer")}
    return {**account, "name": name}


def _write(folder: str, accounts: t.Sequence[Entry], told: Entry) -> list[str]:
    """Write the record, and tell what files it is in; one that cannot be written is a problem more."""
    starts = sorted(str(account["looked_at"]) for account in accounts if account.get("looked_at"))
    ends = sorted(str(account["ended_at"]) for account in accounts if account.get("ended_at"))
    started_at, ended_at = (starts or ["unknown"])[0], (ends or ["unknown"])[-1]
    stem = os.path.join(folder, "leak-" + re.sub("[^0-9A-Za-z]", "", started_at))
    try:
        stem = _free(stem)
    except OSError as error:
        told["problems"].append(f"the record of this run, {stem}, cannot be written: {reason_of(error)}")
        return []
    paths = []
    for ending, make in ((".json", as_json), (".md", as_markdown)):
        try:
            replace_file(stem + ending, make(started_at, ended_at, accounts, told).encode())
        except OSError as error:
            # The verdicts must be told all the same: nobody can make them again when the keys are gone.
            told["problems"].append(f"the record of this run, {stem}{ending}, cannot be written: {reason_of(error)}")
        else:
            paths.append(stem + ending)
    return paths


def _free(stem: str) -> str:
    """A name that no other run has: those of one second, and those that could ask nobody when, have a record each."""
    for number in itertools.count(1):
        free = stem if number == 1 else f"{stem}-{number}"
        try:
            with open_place(f"{free}.json", follow=False) as place:
                os.close(os.open(place.name, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=place.folder))
            return free
        except FileExistsError:
            continue
    raise AssertionError
