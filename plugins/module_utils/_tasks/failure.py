# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a result says of an exception: never a secret."""

from __future__ import annotations

import os
import traceback
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub, scrub_all


def failure_of(error: BaseException) -> dict[str, t.Any]:
    """A failed result. Of what nobody foresaw it tells kind and place only: its text may hold anything."""
    if isinstance(error, IamError):
        failure: dict[str, t.Any] = {**error.details, "failed": True, "changed": False, "msg": str(error)}
        if error.transaction_id:
            failure["transaction_ids"] = [error.transaction_id]
        return t.cast("dict[str, t.Any]", scrub_all(failure))
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
    return {
        "failed": True,
        "changed": False,
        "msg": f"Unexpected {type(error).__name__} at {place}. This is a defect of the collection: please report it",
        "exception": scrub("".join(traceback.format_list(frames))),
    }
