# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of a leak run: one verdict for each item over all accounts, the record of it, and red unless all are dead."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import BRANCH, BRANCH_RULES
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import nothing_found
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import sentence
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.incident import as_json, as_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.merged import (
    Entry,
    line_of,
    merged,
    nothing_in,
    problems,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.record import check_destination, keep
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.told import checked

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "accounts": {"type": "list", "elements": "dict", "required": True},
        "expected": {"type": "list", "elements": "str"},
        "folder": {"type": "path"},
        "git": {
            "type": "dict",
            "options": {**BRANCH, "message": {"type": "str", "default": "Record leaked API keys"}},
            **BRANCH_RULES,
        },
        "local_folder": {"type": "path"},
        "require_dead": {"type": "bool", "default": True},
    },
}


def report(params: dict[str, t.Any], around: Surroundings, *, check_mode: bool) -> dict[str, t.Any]:
    """The verdicts, and where the record is; failed unless every item is dead, and the record is where it is to be."""
    is_question = not params["require_dead"]
    accounts = [checked(n, account, is_question=is_question) for n, account in enumerate(params["accounts"], 1)]
    missing = [name for name in params["expected"] or [] if name not in {account["name"] for account in accounts}]
    accounts += [checked(0, {"name": name}, is_question=is_question) for name in missing]
    if is_question:
        check_destination(params, around)
        return _whose(accounts)
    verdicts = merged(accounts)
    told: Entry = {"verdicts": verdicts, "problems": problems(accounts), "nothing_in": nothing_in(accounts)}
    files = _record(params, accounts, told, around) if params["folder"] and not check_mode else []
    alive = [entry for entry in verdicts if entry["verdict"] != "dead"]
    lines = [line_of(entry) for entry in sorted(verdicts, key=lambda each: each["verdict"] == "dead")]
    result: dict[str, t.Any] = {
        "changed": bool(files),
        **told,
        "all_dead": bool(verdicts) and not alive,
        "report": [*lines, *told["problems"], *nothing_found(told["nothing_in"])],
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
    shown = [*lines, *told["problems"], *nothing_found(told["nothing_in"])]
    answer = {"changed": False, **told, "all_dead": False, "report": shown, "files": []}
    if accounts and all(account.get("problem") for account in accounts):
        return {**answer, "failed": True, "msg": "; ".join(told["problems"])}
    return answer


def _record(params: dict[str, t.Any], accounts: t.Sequence[Entry], told: Entry, around: Surroundings) -> list[str]:
    """Keep the record, and tell what files it is in."""
    starts = sorted(str(account["looked_at"]) for account in accounts if account.get("looked_at"))
    ends = sorted(str(account["ended_at"]) for account in accounts if account.get("ended_at"))
    started_at, ended_at = (starts or ["unknown"])[0], (ends or ["unknown"])[-1]
    makers = {
        ".json": lambda: as_json(started_at, ended_at, accounts, told),
        ".md": lambda: as_markdown(started_at, ended_at, accounts, told),
    }
    name = "leak-" + re.sub("[^0-9A-Za-z]", "", started_at)
    return keep(params, name, makers, told["problems"], around)
