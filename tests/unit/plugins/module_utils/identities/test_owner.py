# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose keys a task is about."""

from __future__ import annotations


def test_a_trusted_profile_is_told_so_before_anything_is_sent(scene, manage):
    profile = scene.user.create_profile(assumed_by=scene.iam_id)
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)
    result = manage(client=client, name="x", discard_value=True)

    assert "which has no API keys: name a service ID with `service_id`" in result["msg"]
    assert set(scene.sent()) == {"POST /identity/token"}
