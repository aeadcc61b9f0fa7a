# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A purge knows the next key of a slot without markers by its name, so both have to mean the same name."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile import marker
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import slot


def test_a_purge_and_a_rotation_name_the_next_key_alike() -> None:
    assert marker.NEXT == slot.NEXT
