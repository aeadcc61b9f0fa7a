# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to a report, its files, and the task's result."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import (
    CONCURRENCY,
    CONNECTION,
    IDENTITY,
    IDENTITY_RULES,
    METRICS,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    reason_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import open_place
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
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import SEVERITIES, AuditPolicy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import (
    first_slots,
    rotatable,
    slots_block,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.told_events import read_events
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._public_file import (
    content_of,
    locked_folder,
    write_if_other,
)

FORMATS = ("html", "json", "markdown", "csv", "slots")
FILE_NAMES = {
    "html": "api-keys.html",
    "json": "api-keys.json",
    "markdown": "api-keys.md",
    "csv": "api-keys.csv",
    "slots": SLOTS_FILE,
}
REPORT_MODE = 0o640
# Others write their accounts into the same folder. With 40,000 keys in it each needs ten seconds, on a busy machine
# more than a minute, and some wait in line; who ends in between lets go of it.
LOCK_TIMEOUT_SECONDS = 600.0

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
        "account_name": {"type": "str"},
        "expected_accounts": {"type": "list", "elements": "str", "default": []},
        "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
        "fail_on": {"type": "str", "choices": ["high", "medium", "low", "none"], "default": "none"},
        "return_keys": {"type": "bool", "default": False},
        "report_timeout_seconds": {"type": "float", "default": 300},
        **METRICS,
        **CONCURRENCY,
    },
}

Params = dict[str, t.Any]
Data = dict[str, t.Any]


def run_audit(
    params: Params,
    client: IamClient,
    read_records: t.Callable[[t.Sequence[str]], frozenset[str]],
    *,
    check_mode: bool,
    lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    measure: t.Callable[[Data], None] | None = None,
) -> dict[str, t.Any]:
    """Audit, write the files of the report, and return the task's result; `failed` by `fail_on`.

    `measure` is told what was found before a file is written.
    """
    _check_folder(params)
    plan = read_plan(params["plan"]) if params["plan"] else None
    history = read_events(params["history_files"]) if params["history_files"] else None
    report, slots = _look(params, client, read_records)
    suggested = {"file": _slots_file(params, report), "count": len(slots)}
    account = account_data(report, params["account_name"], suggested, plan, history)
    if measure:
        measure(account)
    written, paths = False, list[str]()
    if params["folder"]:
        with contextlib.nullcontext() if check_mode else locked_folder(params["folder"], lock_timeout_seconds):
            written, paths = _write(params, account, slots, check_mode)
    result: dict[str, t.Any] = {
        "changed": written,
        "counts": account["counts"],
        "files": paths,
        "not_checked": list(report.not_checked),
        "markdown": to_markdown(document(account)),
        "slots": first_slots(slots),
    }
    if params["return_keys"]:
        result["api_keys"] = account["keys"]
    if report.fails(params["fail_on"]):
        bad = ", ".join(f"{report.count(severity)} {severity}" for severity in SEVERITIES if report.count(severity))
        result.update(failed=True, msg=f"the audit found {bad} (fail_on is {params['fail_on']})")
    return result


def _look(
    params: Params, client: IamClient, read_records: t.Callable[[t.Sequence[str]], frozenset[str]]
) -> tuple[Report, list[KeyFacts]]:
    """The report, and the keys that could be put under rotation; files are read before IAM is asked anything."""
    policy = _policy(params)
    exemptions = read_exceptions(params["exceptions_file"]) if params["exceptions_file"] else []
    recorded = read_records(params["record_files"]) if params["record_files"] else None
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
    """Make the paths of a task absolute; a relative one starts at `folder`."""
    for name in ("exceptions_file", "folder"):
        if params[name]:
            params[name] = os.path.join(folder, params[name])
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


def _slots_file(params: Params, report: Report) -> str:
    """In a folder for several accounts each has a file of slots: each is rotated by itself."""
    if not params["account_name"] and not params["expected_accounts"]:
        return FILE_NAMES["slots"]
    return f"slots-{re.sub('[^0-9A-Za-z_-]', '_', report.account_id)}.yml"


def _check_folder(params: Params) -> None:
    folder = params["folder"]
    if folder and not os.path.isdir(folder):
        raise TaskRefused(f"there is no folder {folder} for the report")
    name, expected = params["account_name"], params["expected_accounts"]
    if expected and name not in expected:
        raise TaskRefused("expected_accounts has to have the account that is audited, by its account_name")
    if (name or expected) and folder and "json" not in params["formats"]:
        raise TaskRefused("with account_name or expected_accounts the formats need json: other accounts are kept there")


def _write(params: Params, account: Data, slots: t.Sequence[KeyFacts], check_mode: bool) -> tuple[bool, list[str]]:
    """Put the account beside those that lie in the folder, and write what differs -> whether it did, and the paths."""
    folder, formats = params["folder"], params["formats"]
    found = document(account, _earlier(folder), params["expected_accounts"])
    is_one = len(found["accounts"]) == 1 and not found["missing"]
    makers: dict[str, t.Callable[[], str]] = {
        "html": lambda: to_html(found, first_slots(slots) if is_one else ""),
        "markdown": lambda: to_markdown(found),
        "csv": lambda: to_csv(found),
        "slots": lambda: slots_block(slots),
        # The last one: what lies in it is the report before of the next audit.
        "json": lambda: to_json(found),
    }
    names = {**FILE_NAMES, "slots": account["slots"]["file"]}
    wanted = {names[name]: make for name, make in makers.items() if name in formats}
    written = [_write_file(folder, name, make(), check_mode) for name, make in wanted.items()]
    in_order = sorted(written, key=lambda each: list(names.values()).index(os.path.basename(each[1])))
    return any(has_written for has_written, _path in written), [path for _written, path in in_order]


def _earlier(folder: str) -> list[Data]:
    """The accounts whose reports lie in the folder; raises TaskRefused for a file that is not ours to replace."""
    path = os.path.join(folder, FILE_NAMES["json"])
    try:
        with open_place(path, follow=False) as place:
            content = content_of(place)
        return read_accounts(content.decode()) if content is not None else []
    except OSError as error:
        raise TaskRefused(f"{path} cannot be read: {reason_of(error)}") from None
    except ValueError:
        raise TaskRefused(
            f"{path} is not a report of this release, so what it tells of other accounts and earlier days would be "
            "lost: move it away, or use another folder. No report was written"
        ) from None


def _write_file(folder: str, name: str, text: str, check_mode: bool) -> tuple[bool, str]:
    """Write what differs -> whether it did, and the path."""
    path = os.path.join(folder, name)
    try:
        # A link is replaced: what it leads to need not be a report.
        with open_place(path, follow=False) as place:
            content = text.encode()
            return write_if_other(place, content, mode=REPORT_MODE, keeps=True, check_mode=check_mode), place.path
    except OSError as error:
        raise TaskRefused(f"{path} cannot be written: {reason_of(error)}") from None
