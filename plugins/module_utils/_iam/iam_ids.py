# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the ids of IBM Cloud IAM tell: `iam-ServiceId-...` is who a key belongs to, `ServiceId-...` the thing itself."""

from __future__ import annotations

import typing as t

API_KEY = "ApiKey-"
SERVICE_ID = "ServiceId-"
SERVICE_ID_GROUP = "ServiceIdGroup-"
_IAM = "iam-"
_KINDS = {f"{_IAM}{SERVICE_ID}": "serviceid", f"{_IAM}Profile-": "profile"}


def kind_of(iam_id: str) -> t.Literal["user", "serviceid", "profile"]:
    """What this is the IAM ID of, as IBM's reports call it."""
    kind = next((kind for prefix, kind in _KINDS.items() if iam_id.startswith(prefix)), "user")
    return t.cast('t.Literal["user", "serviceid", "profile"]', kind)


def is_service_id(iam_id: str) -> bool:
    """Whether this is the IAM ID of a service ID."""
    return kind_of(iam_id) == "serviceid"


def is_profile(iam_id: str) -> bool:
    """Whether this is the IAM ID of a trusted profile."""
    return kind_of(iam_id) == "profile"


def iam_id_of(service_id: str) -> str:
    """The IAM ID of a service ID that is given as `ServiceId-...`."""
    return _IAM + service_id


def service_id_of(iam_id: str) -> str:
    """The opposite of `iam_id_of`."""
    return iam_id[len(_IAM) :]
