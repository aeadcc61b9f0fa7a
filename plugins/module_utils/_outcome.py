# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a task's work and turns whatever happens into a result; shared by the modules and the action plugins."""

from __future__ import annotations

import os
import traceback
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub, scrub_all

Work = t.Callable[[dict[str, t.Any], bool], dict[str, t.Any]]

# The one member of a result in which a secret may leave, and only because the user asked for it.
SECRET_MEMBERS = frozenset({"key_value"})


def outcome(work: Work, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Run `work(params, check_mode)` and return its result, or a failed one without secrets; never raises."""
    try:
        result = work(params, check_mode)
    except IamError as error:
        failure: dict[str, t.Any] = {**error.details, "failed": True, "changed": False, "msg": str(error)}
        if error.transaction_id:
            failure["transaction_ids"] = [error.transaction_id]
        return t.cast("dict[str, t.Any]", scrub_all(failure))
    except (Exception, SystemExit) as error:
        return unexpected(error)
    return {name: value if name in SECRET_MEMBERS else scrub_all(value) for name, value in result.items()}


def unexpected(error: BaseException) -> dict[str, t.Any]:
    """A failed result that tells kind and place only: the text of an exception nobody foresaw may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
    return {
        "failed": True,
        "changed": False,
        "msg": f"Unexpected {type(error).__name__} at {place}. This is a defect of the collection: please report it",
        "exception": scrub("".join(traceback.format_list(frames))),
    }
