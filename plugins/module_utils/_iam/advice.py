# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a refusal of one request means in plain words: who needs which role, and what IBM Cloud never allows.

Roles: iam-facts.md 5.1; restrictions: iam-facts.md 5.2; owners: iam-facts.md 3.3.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    IamError,
    Invalid,
    NotPermitted,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_profile, is_service_id

Advice = t.Mapping[type[IamError], str]


def _lacks(roles: str, what: str = "") -> Advice:
    return {NotPermitted: f"the caller lacks a role on the service IAM Identity: {roles} {what}".rstrip()}


OWN_KEY_RESTRICTED = (
    "the account restricts who creates API keys of users, even for its owner: the caller needs the role "
    "User API key creator on the service IAM Identity"
)
SERVICE_IDS_RESTRICTED = (
    "the account restricts who creates service IDs, even for its owner: the caller needs the role "
    "Service ID creator on the service IAM Identity"
)
NEVER_ANOTHERS = "IBM Cloud lets nobody create an API key for another user, who has to do that while logged in"
NO_KEYS_OF_PROFILES = "a trusted profile has no API keys; name a service ID"
OTHERS = "for keys of service IDs, Administrator for keys of other users"

# The first that fits method and path counts.
ADVICE_BY_REQUEST: list[tuple[str, str, Advice]] = [
    ("GET", r"/v1/apikeys/[^/]+", _lacks("Editor, Operator or Administrator", OTHERS)),
    (
        "GET",
        r"/v1/apikeys",
        _lacks("Editor, Operator or Administrator for keys of service IDs, Administrator for all keys"),
    ),
    ("DELETE", r"/v1/apikeys/[^/]+", _lacks("Operator or Administrator", OTHERS)),
    ("PUT|POST|DELETE", r"/v1/apikeys/.+", _lacks("Editor, Operator or Administrator", OTHERS)),
    ("GET", r"/v1/serviceid(s|_groups)(/.*)?", _lacks("Viewer, Editor, Operator or Administrator")),
    ("POST", r"/v1/serviceids", {NotPermitted: SERVICE_IDS_RESTRICTED}),
    (
        "DELETE",
        r"/v1/serviceids/[^/]+",
        {
            **_lacks("Operator or Administrator"),
            Conflict: "not all of its API keys could be deleted, a locked one for instance; others may be gone already",
        },
    ),
    ("PUT|POST|DELETE", r"/v1/serviceids/.+", _lacks("Editor, Operator or Administrator")),
]


def advice_for(method: str, path: str, body: t.Any, caller_iam_id: str) -> Advice:
    """What each kind of refusal of this request means; empty where it means what it always does."""
    if (method, path) == ("POST", "/v1/apikeys") and isinstance(body, dict):
        return _advice_for_create(str(body.get("iam_id")), caller_iam_id)
    for methods, paths, advice in ADVICE_BY_REQUEST:
        if re.fullmatch(methods, method) and re.fullmatch(paths, path):
            return advice
    return {}


def _advice_for_create(owner: str, caller_iam_id: str) -> Advice:
    if is_service_id(owner):
        return _lacks("Operator or Administrator to create keys of service IDs")
    if is_profile(owner):
        return {Invalid: NO_KEYS_OF_PROFILES, NotPermitted: NO_KEYS_OF_PROFILES}
    return {NotPermitted: OWN_KEY_RESTRICTED if owner == caller_iam_id else NEVER_ANOTHERS}
