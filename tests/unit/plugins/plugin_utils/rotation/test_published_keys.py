# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys are published by other slots of a run, while they change."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published_keys import PublishedKeys

ONE, OTHER, NEW = ("a.yml", "one"), ("a.yml", "other"), ("b.yml", "new")


def test_a_key_is_of_another_slot_unless_it_is_ones_own_alone() -> None:
    published = PublishedKeys({ONE: "K1", OTHER: "K2", NEW: None})

    assert "K2" in published.of_others(ONE)
    assert "K1" not in published.of_others(ONE)
    assert "K3" not in published.of_others(ONE)
    published.note(OTHER, "K1")
    assert "K1" in published.of_others(ONE)


def test_a_key_that_was_replaced_is_nobodys_and_is_seen_by_those_who_asked_before() -> None:
    published = PublishedKeys({ONE: "K1", OTHER: "K2"})
    of_others = published.of_others(ONE)

    published.note(OTHER, "K3")
    published.note(NEW, "K4")

    assert [key_id in of_others for key_id in ("K1", "K2", "K3", "K4")] == [False, False, True, True]
