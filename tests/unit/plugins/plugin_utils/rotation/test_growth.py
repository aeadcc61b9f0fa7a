# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Twice as many slots take twice the memory: counted in bytes, which no busy machine changes."""

from __future__ import annotations

import tracemalloc

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published_keys import PublishedKeys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene

FEW, MANY = 100, 200


def bytes_of_views(count: int) -> int:
    scene = Scene()
    ports, slots = scene.ports(Effects()), [scene.make_slot(f"slot{number}") for number in range(count)]
    published = PublishedKeys({(slot.file, slot.variable): slot.name for slot in slots})
    sessions = [Session(slot, ports, published) for slot in slots]
    sessions[0].see(Loaded(), [], Orders(), is_whole=True)
    tracemalloc.start()
    views = [session.see(Loaded(), [], Orders(), is_whole=True) for session in sessions]
    kept, _most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all("slot0" in view.foreign_ids for view in views[1:])
    assert "slot0" not in views[0].foreign_ids
    return kept


def test_what_is_seen_of_a_slot_holds_nothing_for_each_other_slot() -> None:
    assert bytes_of_views(MANY) / bytes_of_views(FEW) <= 2.2
