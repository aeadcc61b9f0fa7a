# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to a report, its files, and the task's result."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import (
    BRANCH,
    BRANCH_RULES,
    CONCURRENCY,
    CONNECTION,
    IDENTITY,
    IDENTITY_RULES,
    METRICS,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_csv import to_csv
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import SLOTS_FILE, account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_markdown import to_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Report, audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document, read_accounts, to_json
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import read_exceptions
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.gather import gather
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import read_plan
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.report_files import (
    LOCK_TIMEOUT_SECONDS,
    Kept,
    keep_in_folder,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.report_in_git import (
    check_branch,
    keep_in_branch,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import SEVERITIES, AuditPolicy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import (
    first_slots,
    rotatable,
    slots_file,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.told_events import read_events
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_commit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import SlotsByKeyId

FORMATS = ("html", "json", "markdown", "csv", "slots")
FILE_NAMES = {
    "html": "api-keys.html",
    "json": "api-keys.json",
    "markdown": "api-keys.md",
    "csv": "api-keys.csv",
    "slots": SLOTS_FILE,
}
# A hundred years, what dates can be counted with.
MOST_DAYS = 36_500
SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        "identities": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": IDENTITY,
            "mutually_exclusive": IDENTITY_RULES,
            "required_one_of": IDENTITY_RULES,
        },
        "max_age_days": {"type": "int", "default": 90},
        "unused_after_days": {"type": "int", "default": 180},
        "expires_soon_days": {"type": "int", "default": 30},
        "require_expiry": {"type": "bool", "default": False},
        "require_lock": {"type": "bool", "default": False},
        "account_owner_ids": {"type": "list", "elements": "str", "default": []},
        "record_files": {"type": "list", "elements": "path", "default": []},
        "history_files": {"type": "list", "elements": "path", "default": []},
        "exceptions_file": {"type": "path"},
        "plan": {"type": "dict"},
        "folder": {"type": "path"},
        "git": {
            "type": "dict",
            "options": {**BRANCH, "message": {"type": "str", "default": "Audit API keys"}},
            **BRANCH_RULES,
        },
        "account_name": {"type": "str"},
        "expected_accounts": {"type": "list", "elements": "str", "default": []},
        "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
        "fail_on": {"type": "str", "choices": ["high", "medium", "low", "none"], "default": "none"},
        "return_keys": {"type": "bool", "default": False},
        "report_timeout_seconds": {"type": "float", "default": 300},
        **METRICS,
        **CONCURRENCY,
    },
    "required_by": {"git": ("folder",)},
}

Params = dict[str, t.Any]
Data = dict[str, t.Any]


def run_audit(
    params: Params,
    client: IamClient,
    read_records: t.Callable[[t.Sequence[str]], SlotsByKeyId],
    around: Surroundings,
    *,
    check_mode: bool,
    lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    measure: t.Callable[[Data, SlotsByKeyId], None] | None = None,
) -> dict[str, t.Any]:
    """Audit, write or push the files of the report, and return the task's result; `failed` by `fail_on`.

    A report that cannot be pushed is told all the same, and the result is `failed`. `measure` is told what was found
    and which slots the keys on record have, before a file is written.
    """
    _check_folder(params, around)
    plan = read_plan(params["plan"]) if params["plan"] else None
    history = read_events(params["history_files"]) if params["history_files"] else None
    records = read_records(params["record_files"]) if params["record_files"] else None
    report, slots = _look(params, client, None if records is None else frozenset(records))
    account = account_data(report, params["account_name"], _suggested(params, report, slots), plan, history)
    if measure:
        measure(account, records or {})
    problems = list[str]()
    written, paths = False, list[str]()
    if params["folder"]:
        written, paths = _keep(params, account, slots, around, problems, check_mode, lock_timeout_seconds)
    if report.fails(params["fail_on"]):
        bad = ", ".join(f"{report.count(severity)} {severity}" for severity in SEVERITIES if report.count(severity))
        problems.append(f"the audit found {bad} (fail_on is {params['fail_on']})")
    return {
        "changed": written,
        "counts": account["counts"],
        "files": paths,
        "not_checked": list(report.not_checked),
        "markdown": to_markdown(document(account)),
        "slots": first_slots(slots),
        **({"api_keys": account["keys"]} if params["return_keys"] else {}),
        **({"failed": True, "msg": "; ".join(problems)} if problems else {}),
    }


def _look(params: Params, client: IamClient, recorded: frozenset[str] | None) -> tuple[Report, list[KeyFacts]]:
    """The report, and the keys that could be put under rotation; files are read before IAM is asked anything."""
    policy = _policy(params)
    exemptions = read_exceptions(params["exceptions_file"]) if params["exceptions_file"] else []
    found = gather(
        client,
        params["identities"],
        unused_after_days=policy.unused_after_days,
        report_timeout_seconds=params["report_timeout_seconds"],
        concurrency=concurrency_from(params["concurrency"]),
    )
    report = audit(
        found.account_id,
        found.keys,
        policy,
        exemptions,
        found.now,
        recorded_ids=recorded,
        not_checked=[*found.not_checked, *_left_out(policy)],
        login_key_id=found.login_key_id,
    )
    report = dataclasses.replace(report, owner_ids=found.owner_ids, is_whole=found.is_whole)
    spared = {*(recorded or ()), *filter(None, [found.login_key_id])}
    return report, rotatable(found.keys, found.caller_iam_id, spared)


def resolve_paths(params: Params, folder: str) -> None:
    """Make the paths of a task absolute; a relative one starts at `folder`. With `git` the report's is none of here."""
    git = params["git"]
    mine = [(params, "exceptions_file"), *([] if git else [(params, "folder")])]
    for holder, name in [*mine, *((git, name) for name in ("ssh_key_file", "known_hosts_file") if git)]:
        if holder[name]:
            holder[name] = os.path.join(folder, holder[name])
    for name in ("record_files", "history_files"):
        params[name] = [os.path.join(folder, path) for path in params[name]]


def _policy(params: Params) -> AuditPolicy:
    names = ("max_age_days", "unused_after_days", "expires_soon_days")
    wrong = [name for name in names if not 0 <= params[name] <= MOST_DAYS]
    if wrong:
        raise TaskRefused(f"these have to be from 0 to {MOST_DAYS}: {', '.join(wrong)}")
    return AuditPolicy(
        **{name: params[name] for name in names},
        require_expiry=params["require_expiry"],
        require_lock=params["require_lock"],
        account_owner_ids=frozenset(params["account_owner_ids"]),
    )


def _left_out(policy: AuditPolicy) -> list[str]:
    if policy.account_owner_ids:
        return []
    return ["keys of the account owner, because account_owner_ids does not say who that is"]


def _suggested(params: Params, report: Report, slots: t.Sequence[KeyFacts]) -> Data:
    return {"file": _slots_file(params, report), "count": len(slots)}


def _slots_file(params: Params, report: Report) -> str:
    """In a folder for several accounts each has a file of slots: each is rotated by itself."""
    if not params["account_name"] and not params["expected_accounts"]:
        return FILE_NAMES["slots"]
    return f"slots-{re.sub('[^0-9A-Za-z_-]', '_', report.account_id)}.yml"


def _check_folder(params: Params, around: Surroundings) -> None:
    folder = params["folder"]
    if params["git"]:
        if not folder.strip():
            raise TaskRefused(
                "git needs a folder, the path of the report in the repository (. is its top): with none nothing would "
                "be pushed. No report was made"
            )
        check_branch(params["git"], folder, around)
    elif folder and not os.path.isdir(folder):
        raise TaskRefused(f"there is no folder {folder} for the report")
    name, expected = params["account_name"], params["expected_accounts"]
    if expected and name not in expected:
        raise TaskRefused("expected_accounts has to have the account that is audited, by its account_name")
    if (name or expected) and folder and "json" not in params["formats"]:
        raise TaskRefused("with account_name or expected_accounts the formats need json: other accounts are kept there")


def _keep(
    params: Params,
    account: Data,
    slots: t.Sequence[KeyFacts],
    around: Surroundings,
    problems: list[str],
    check_mode: bool,
    lock_timeout_seconds: float,
) -> Kept:
    """Put the account beside those that lie in the folder, and write what differs; a push that fails is a problem."""

    def make(earlier: bytes | None) -> dict[str, t.Callable[[], str]]:
        return _files(params, account, slots, _accounts_in(earlier, where))

    folder, memory = params["folder"], FILE_NAMES["json"]
    where = os.path.join(folder, memory)
    if params["git"]:
        counts = ", ".join(f"{count} {name}" for name, count in account["counts"].items())
        about, others = f"{for_commit(account['name'])}: {counts}", len(params["expected_accounts"])
        try:
            has_written, paths = keep_in_branch(
                params["git"], folder, memory, make, around, about=about, others=others, check_mode=check_mode
            )
        except (GitError, OSError) as error:
            why = reason_of(error) if isinstance(error, OSError) else str(error)
            problems.append(f"the report of this audit is not in Git, and is in this result only: {why}")
            return False, []
    else:
        has_written, paths = keep_in_folder(
            folder, memory, make, check_mode=check_mode, lock_timeout_seconds=lock_timeout_seconds
        )
    order = [*FILE_NAMES.values(), account["slots"]["file"]]
    return has_written, sorted(paths, key=lambda path: [path.endswith(name) for name in order].index(True))


def _files(
    params: Params, account: Data, slots: t.Sequence[KeyFacts], earlier: t.Sequence[Data]
) -> dict[str, t.Callable[[], str]]:
    """The files of the report on all accounts, by their names."""
    found = document(account, earlier, params["expected_accounts"])
    is_one = len(found["accounts"]) == 1 and not found["missing"]
    makers: dict[str, t.Callable[[], str]] = {
        "html": lambda: to_html(found, first_slots(slots) if is_one else ""),
        "markdown": lambda: to_markdown(found),
        "csv": lambda: to_csv(found),
        "slots": lambda: slots_file(slots),
        # The last one: what lies in it is the report before of the next audit.
        "json": lambda: to_json(found),
    }
    names = {**FILE_NAMES, "slots": account["slots"]["file"]}
    return {names[name]: make for name, make in makers.items() if name in params["formats"]}


def _accounts_in(content: bytes | None, where: str) -> list[Data]:
    """The accounts whose reports lie there; raises TaskRefused for a file that is not ours to replace."""
    try:
        return read_accounts(content.decode()) if content is not None else []
    except ValueError:
        raise TaskRefused(
            f"{where} is not a report of this release, so what it tells of other accounts and earlier days would be "
            "lost: move it away, or use another folder. No report was written"
        ) from None
