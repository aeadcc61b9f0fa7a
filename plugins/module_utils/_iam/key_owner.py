# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a key could not be made: there is no such service ID any more."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import SendRequest, path_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    IamError,
    Invalid,
    NotFound,
    UnknownOwner,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id, service_id_of


def explained(send: SendRequest, iam_id: str, error: IamError) -> IamError:
    """The same error, or UnknownOwner when IAM says that there is no such service ID; that costs one request."""
    if not isinstance(error, (Invalid, NotFound)) or not is_service_id(iam_id):
        return error
    service_id = service_id_of(iam_id)
    try:
        send("GET", path_of("/v1/serviceids", service_id, "a service ID"), f"read service ID {service_id}")
    except NotFound:
        words = f"there is no service ID {service_id} any more, or the caller may not see it"
        return UnknownOwner(f"{words}: {error}", transaction_id=error.transaction_id)
    except IamError:
        return error
    return error
