# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is the value in the variable that of the published key? Reads only."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import BadCredentials, UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped


def value_is_lost(iam: IamClient, slot: Slot, loaded: Loaded) -> bool:
    """Whether the variable holds no value that IAM knows, so that nobody can log in with it any more.

    Only IAM's word that it knows no such key counts (BXNIM0415E): a key that is disabled or refused by address is not
    lost. Raises SlotStopped when the value is another key's.
    """
    current = loaded.record.current if loaded.record else None
    if current is None:
        return False
    if loaded.published_value is None:
        return True
    found = iam.api_keys.find_by_value(loaded.published_value)
    if found is None:
        return _is_unknown(iam, loaded.published_value)
    if found.id != current.id:
        raise SlotStopped(
            f"{slot.file}: {slot.variable} holds the value of {found.id}, but the record says that {current.id} is "
            "published: somebody edited one of them. Nothing was changed; bring back the value or the record"
        )
    return False


def _is_unknown(iam: IamClient, key_value: str) -> bool:
    try:
        iam.log_in_with(key_value)
    except UnknownKeyValue:
        return True
    except BadCredentials:
        return False
    return False
