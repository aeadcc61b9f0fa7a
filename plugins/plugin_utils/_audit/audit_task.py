# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to a report, its files, and the task's result."""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION, IDENTITY, IDENTITY_RULES
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    clear_leftovers,
    reason_of,
    replace_in,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import Place, open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import counts, to_csv, to_data, to_json
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_markdown import to_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Report, audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import read_exceptions
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.gather import gather
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import PlannedWeeks, read_plan
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import SEVERITIES, AuditPolicy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import (
    first_slots,
    rotatable,
    slots_block,
)

FORMATS = ("html", "json", "markdown", "csv", "slots")
FILE_NAMES = {
    "html": "api-keys.html",
    "json": "api-keys.json",
    "markdown": "api-keys.md",
    "csv": "api-keys.csv",
    "slots": "slots.yml",
}
REPORT_MODE = 0o640

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
        "exceptions_file": {"type": "path"},
        "plan": {"type": "dict"},
        "folder": {"type": "path"},
        "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
        "fail_on": {"type": "str", "choices": ["high", "medium", "low", "none"], "default": "none"},
        "return_keys": {"type": "bool", "default": False},
        "report_timeout_seconds": {"type": "float", "default": 300},
        "concurrency": {"type": "int", "default": 8},
    },
}

Params = dict[str, t.Any]


def run_audit(
    params: Params,
    client: IamClient,
    read_records: t.Callable[[t.Sequence[str]], frozenset[str]],
    *,
    check_mode: bool,
) -> dict[str, t.Any]:
    """Audit, write the files of the report, and return the task's result; `failed` by `fail_on`."""
    _check_folder(params["folder"])
    weeks = read_plan(params["plan"]) if params["plan"] else None
    report, slots = _look(params, client, read_records)
    texts = {name: make() for name, make in _makers(report, slots, weeks).items() if name in params["formats"]}
    written, paths = _write(params["folder"], texts, check_mode) if params["folder"] else (False, [])
    result: dict[str, t.Any] = {
        "changed": written,
        "counts": counts(report),
        "files": paths,
        "not_checked": list(report.not_checked),
        "markdown": to_markdown(report),
        "slots": first_slots(slots),
    }
    if params["return_keys"]:
        result["api_keys"] = to_data(report)["keys"]
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
        concurrency=params["concurrency"],
    )
    report = audit(
        found.account_id,
        found.keys,
        policy,
        exemptions,
        found.now,
        recorded_ids=recorded,
        not_checked=[*found.not_checked, *_left_out(policy)],
    )
    return report, rotatable(found.keys, found.caller_iam_id)


def resolve_paths(params: Params, folder: str) -> None:
    """Make the paths of a task absolute; a relative one starts at `folder`."""
    for name in ("exceptions_file", "folder"):
        if params[name]:
            params[name] = os.path.join(folder, params[name])
    params["record_files"] = [os.path.join(folder, path) for path in params["record_files"]]


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


def _makers(report: Report, slots: t.Sequence[t.Any], weeks: PlannedWeeks | None) -> dict[str, t.Callable[[], str]]:
    return {
        "html": lambda: to_html(report, first_slots(slots), weeks),
        "json": lambda: to_json(report),
        "markdown": lambda: to_markdown(report),
        "csv": lambda: to_csv(report),
        "slots": lambda: slots_block(slots),
    }


def _check_folder(folder: str | None) -> None:
    if folder and not os.path.isdir(folder):
        raise TaskRefused(f"there is no folder {folder} for the report")


def _write(folder: str, texts: t.Mapping[str, str], check_mode: bool) -> tuple[bool, list[str]]:
    """Write what differs -> whether anything did, and the paths."""
    has_written, paths = False, []
    for name, text in texts.items():
        path = os.path.join(folder, FILE_NAMES[name])
        try:
            # A link is replaced: what it leads to need not be a report.
            with open_place(path, follow=False) as place:
                paths.append(place.path)
                has_written |= _write_one(place, text.encode(), check_mode)
        except OSError as error:
            raise TaskRefused(f"{path} cannot be written: {reason_of(error)}") from None
    return has_written, paths


def _write_one(place: Place, content: bytes, check_mode: bool) -> bool:
    """Write a file if it differs; True when it does."""
    if not check_mode:
        clear_leftovers(place)
    if _content(place) == content:
        return False
    if not check_mode:
        replace_in(place, content, mode=REPORT_MODE, keeps=True)
    return True


def _content(place: Place) -> bytes | None:
    """What lies there; None when nothing does, or a link. Raises TaskRefused for what is no file."""
    found = place.found()
    if found is None or stat.S_ISLNK(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise TaskRefused(f"{place.path} is not a regular file")
    place.check_not_planted()
    with os.fdopen(place.open(), "rb") as file:
        return file.read()
