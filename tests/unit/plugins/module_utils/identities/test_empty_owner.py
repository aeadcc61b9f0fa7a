# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An owner that is empty, as a survey leaves it, is not the caller: nothing is changed."""

from __future__ import annotations

import pytest

EMPTY = [{option: blank} for option in ("iam_id", "service_id") for blank in ("", " ", "\n", None)]
each_empty_owner = pytest.mark.parametrize("owner", EMPTY, ids=str)


@pytest.fixture
def own_key(scene):
    """A key of the caller, of the name that a task means of somebody else."""
    scene.user.create_key(name="deploy", iam_id=scene.iam_id)
    scene.forget_requests()


@each_empty_owner
@pytest.mark.parametrize("wish", [{"state": "absent"}, {"discard_value": True, "description": "x"}], ids=str)
def test_a_key_of_an_empty_owner_is_refused(scene, manage, own_key, owner, wish):
    result = manage(name="deploy", **owner, **wish)

    assert "must not be blank" in result["msg"]
    assert scene.writes() == []
    assert [key.get("description") for key in scene.keys("deploy")] == [None]


@each_empty_owner
def test_an_empty_owner_is_not_purged(scene, manage_all, own_key, owner):
    result = manage_all([], purge=True, purge_all=True, identities=[owner])

    assert "must not be blank" in result["msg"]
    assert len(scene.keys("deploy")) == 1


@each_empty_owner
def test_one_key_of_many_with_an_empty_owner_is_refused(scene, manage_all, own_key, owner):
    result = manage_all([{"name": "deploy", "state": "absent", **owner}])

    assert "must not be blank" in str(result)
    assert result["failed"]
    assert len(scene.keys("deploy")) == 1


def test_without_an_owner_the_caller_is_meant(scene, manage, own_key):
    assert manage(name="deploy", state="absent")["changed"]
    assert scene.keys("deploy") == []
