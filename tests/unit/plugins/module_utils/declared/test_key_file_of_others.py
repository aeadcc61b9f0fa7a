# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A key file that others wrote, could have written or could have read."""

from __future__ import annotations

import json
import os

import pytest

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
OTHER = 65534
ANNOUNCED = {"name": "new", "apikey": "v" * 44}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deploy.json"


def put(path, members, mode=0o600):
    path.write_text(json.dumps(members), encoding="utf-8")
    path.chmod(mode)


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o666, "others may write it"),
        (0o606, "others may write it"),
        (0o644, "and others may read it"),
        (0o640, "others may read it"),
    ],
)
def test_an_announcement_that_others_may_touch_becomes_no_key(scene, manage, path, check_mode, mode, words):
    put(path, ANNOUNCED, mode)

    result = manage(check_mode, name="new", file=str(path))

    assert result["failed"]
    assert words in result["msg"]
    assert ANNOUNCED["apikey"] not in result["msg"]
    assert "POST /v1/apikeys" not in scene.sent()
    assert content(path) == ANNOUNCED


def test_an_announcement_that_is_another_file_as_well_becomes_no_key(scene, manage, path):
    put(path, ANNOUNCED)
    os.link(path, path.with_name("twin"))

    assert "it is another file as well" in manage(name="new", file=str(path))["msg"]
    assert scene.keys("new") == []


@ROOT_ONLY
def test_an_announcement_of_another_user_becomes_no_key(scene, manage, path):
    put(path, ANNOUNCED)
    os.chown(path, OTHER, OTHER)

    assert "belongs to another user" in manage(name="new", file=str(path))["msg"]
    assert scene.keys("new") == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_folder_in_which_others_may_replace_the_file_is_refused(scene, manage, tmp_path, check_mode):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)

    result = manage(check_mode, name="new", file=str(folder / "deploy.json"))

    assert "others may replace what is in the folder" in result["msg"]
    assert scene.writes() == []


@ROOT_ONLY
def test_a_file_that_was_handed_to_an_application_is_still_that_of_the_key(scene, manage, path):
    manage(name="new", file=str(path))
    os.chown(path, OTHER, OTHER)
    path.chmod(0o640)

    assert manage(name="new", file=str(path))["changed"] is False


@ROOT_ONLY
def test_of_a_file_of_another_user_the_value_counts_and_not_the_id(scene, manage, path):
    key = scene.user.create_key(name="new")
    put(path, {**ANNOUNCED, "id": key["id"]})
    os.chown(path, OTHER, OTHER)

    result = manage(name="new", file=str(path))

    assert result["failed"]
    assert "does not hold it" in result["msg"]


def test_an_announcement_behind_a_link_is_taken_back_where_it_is(scene, manage, tmp_path):
    (tmp_path / "link.json").symlink_to("real.json")
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, "method": "POST", "path": "^/v1/apikeys$"})

    assert manage(client=client, name="new", file=str(tmp_path / "link.json"))["failed"]
    assert [path.name for path in tmp_path.iterdir()] == ["link.json"]


def test_what_a_killed_run_left_is_cleared_though_nothing_is_to_be_written(manage, path):
    manage(name="new", file=str(path))
    left = path.with_name(".deploy.json.0123456789ab.tmp~")
    other = path.with_name(".deploy.json.no-number.tmp~")
    for each in (left, other):
        put(each, ANNOUNCED)

    manage(True, name="new", file=str(path))
    assert left.exists()
    manage(name="new", file=str(path))

    assert sorted(each.name for each in path.parent.iterdir()) == [other.name, path.name]
