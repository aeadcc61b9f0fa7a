# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of a key: complete or not there, private from its first byte, never another key's."""

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared import key_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused

CREATE = {"method": "POST", "path": "^/v1/apikeys$"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "key.json"


def content(path):
    return json.loads(path.read_text())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class Killed(BaseException):
    """The process ends here: nothing but finally blocks runs."""


@pytest.fixture
def at_create(scene):
    """Call something at the moment in which the create reaches IAM, before or after its effect."""

    def at_create(call, before):
        handle = scene.emulator.handle

        def watched(request):
            is_create = request.method == "POST" and request.path == "/v1/apikeys"
            if is_create and before:
                call()
            answer = handle(request)
            if is_create and not before:
                call()
            return answer

        scene.emulator.handle = watched

    return at_create


def killed():
    raise Killed


def test_the_value_is_on_disk_and_private_before_iam_hears_of_it(scene, manage, path, at_create):
    seen = []
    at_create(lambda: seen.append((content(path), mode(path))), before=True)
    old_mask = os.umask(0)
    try:
        manage(name="new", file=str(path))
    finally:
        os.umask(old_mask)

    ((announced, announced_mode),) = seen
    assert announced == {"name": "new", "apikey": scene.keys("new")[0]["apikey"]}
    assert (announced_mode, mode(path)) == (0o600, 0o600)
    assert [each.name for each in path.parent.iterdir()] == ["key.json"]


def test_the_file_is_what_ibms_command_line_reads(scene, manage, path):
    result = manage(name="new", description="text", file=str(path))
    (key,) = scene.keys("new")

    assert result["changed"]
    assert content(path)["apikey"] == key["apikey"]
    for member in ("id", "name", "iam_id", "account_id", "description", "locked", "crn", "created_at", "created_by"):
        assert content(path)[member] == key[member]


@pytest.mark.parametrize("before", [True, False])
def test_a_run_killed_around_the_create_is_finished_by_the_next(scene, manage, path, at_create, before):
    handle = scene.emulator.handle
    at_create(killed, before)
    with pytest.raises(Killed):
        manage(name="new", file=str(path))
    scene.emulator.handle = handle
    announced = content(path)["apikey"]

    result = manage(name="new", file=str(path))

    (key,) = scene.keys("new")
    assert result["changed"]
    assert (key["apikey"], content(path)["id"]) == (announced, key["id"])
    assert content(path)["apikey"] == announced
    assert manage(name="new", file=str(path))["changed"] is False


def test_check_mode_foretells_the_finishing_and_leaves_the_file(scene, manage, path):
    key = scene.user.create_key(name="new")
    key_file.announce(str(path), "new", key["apikey"])

    assert manage(check_mode=True, name="new", file=str(path))["changed"]
    assert "id" not in content(path)


@pytest.mark.parametrize("kind", [{"kind": "cut_before"}, {"kind": "late", "seconds": 3600}])
def test_a_lost_create_leaves_the_value_for_the_next_run(scene, manage, path, kind):
    client = scene.connect()
    scene.faults({**kind, **CREATE, "times": 3})
    result = manage(client=client, name="new", file=str(path))
    assert result["failed"]
    assert content(path)["name"] == "new"
    scene.emulator.settle()

    assert "failed" not in manage(name="new", file=str(path))
    (key,) = scene.keys("new")
    assert (key["apikey"], key["id"]) == (content(path)["apikey"], content(path)["id"])


@pytest.mark.parametrize(
    ("faults", "settings", "stays"),
    [
        ([{"kind": "status", "status": 403, **CREATE}], {}, False),
        ([{"kind": "status", "status": 422, "code": "BXNIM0151E", **CREATE}], {}, False),
        ([{"kind": "status", "status": 400, **CREATE}], {}, False),
        # Whoever cannot know that there is no key keeps its value.
        ([{"kind": "status", "status": 409, "times": 2, **CREATE}], {}, True),
        ([{"kind": "cut_after", **CREATE}, {"kind": "status", "status": 403, **CREATE}], {"unknown_reads": 99}, True),
        ([{"kind": "cut_after", **CREATE}, {"kind": "status", "status": 403, "path": "details"}], {}, True),
        ([{"kind": "status", "status": 500, "times": 9, **CREATE}], {}, True),
    ],
)
def test_an_announcement_is_taken_back_only_when_there_can_be_no_key(scene, manage, path, faults, settings, stays):
    client = scene.connect()
    scene.emulator.change_settings(**settings)
    scene.faults(*faults)

    assert manage(client=client, name="new", file=str(path))["failed"]
    assert path.exists() is stays


def test_an_announcement_of_an_earlier_run_is_not_taken_back(scene, manage, path):
    key_file.announce(str(path), "new", "v" * 44)
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, **CREATE})

    assert manage(client=client, name="new", file=str(path))["failed"]
    assert content(path)["apikey"] == "v" * 44


def test_the_file_of_another_existing_key_is_never_overwritten(scene, manage, path):
    manage(name="other", file=str(path))
    before = path.read_bytes()
    for check_mode in (True, False):
        result = manage(check_mode, name="new", file=str(path))

        assert result["failed"]
        assert "is not overwritten" in result["msg"]
        assert scene.writes() == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("owner", ["user", "robot"])
def test_a_file_without_an_id_that_holds_another_existing_key_is_not_overwritten(scene, manage, path, owner):
    if owner == "robot":
        value = scene.user.create_service_id(name="robot", apikey={"name": "new"})["apikey"]["apikey"]
    else:
        value = scene.user.create_key(name="other")["apikey"]
    path.write_text(json.dumps({"name": "other", "apikey": value, "createdAt": "2026-03-04T09:15+0000"}))
    before = path.read_bytes()
    result = manage(name="new", file=str(path))

    assert result["failed"]
    assert "is not overwritten" in result["msg"]
    assert path.read_bytes() == before
    assert "POST /v1/apikeys" not in scene.sent()


def test_the_file_of_a_key_that_is_gone_is_replaced(scene, manage, path):
    old = manage(name="new", file=str(path))["api_key"]["id"]
    manage(name="new", state="absent")
    path.chmod(0o644)

    assert manage(name="new", file=str(path))["changed"]
    assert content(path)["id"] not in (None, old)
    assert mode(path) == 0o600


@pytest.mark.parametrize(
    "text", ["", "my notes\n", "[]", "{}", '{"id": "ApiKey-1"}', '{"apikey": 5}', '{"apikey": "v", "id": 5}', "\udcff"]
)
def test_what_is_not_a_key_file_is_left_as_it_is(scene, manage, path, text):
    path.write_bytes(text.encode(errors="surrogateescape"))
    result = manage(name="new", file=str(path))

    assert result["failed"]
    assert "is not the file of an API key; it is left as it is" in result["msg"]
    assert path.read_bytes() == text.encode(errors="surrogateescape")
    assert scene.writes() == []


@pytest.mark.parametrize("place", ["no/folder/key.json", "."])
def test_a_file_that_cannot_be_written_is_noticed_before_a_key_is_made(scene, manage, tmp_path, place):
    result = manage(name="new", file=str(tmp_path / place))

    assert result["failed"]
    assert "cannot be written" in result["msg"]
    assert scene.writes() == []


def test_a_disk_that_fails_later_than_the_check_still_prevents_the_create(scene, manage, path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = manage(name="new", file=str(path))

    assert "No space left on device" in result["msg"]
    assert scene.writes() == []
    assert list(path.parent.iterdir()) == []


def test_a_file_that_cannot_be_completed_still_holds_the_value(scene, manage, path, at_create):
    at_create(lambda: path.parent.rename(path.parent.with_name("moved")), before=False)
    result = manage(name="new", file=str(path))
    moved = path.parent.with_name("moved") / path.name

    (key,) = scene.keys("new")
    assert f"API key {key['id']} was created and its value is in {path}" in result["msg"]
    assert content(moved)["apikey"] == key["apikey"]
    assert key["apikey"] not in json.dumps(result)


@pytest.mark.parametrize("other", [None, "other"])
def test_a_key_that_exists_without_its_file_fails(scene, manage, path, other):
    scene.user.create_key(name="new")
    if other:
        manage(name=other, file=str(path))
    result = manage(name="new", file=str(path))

    assert "A value cannot be read again: rotate the key, or say `on_missing_file: ignore`" in result["msg"]
    assert scene.writes() == []


def test_a_link_stays_a_link(manage, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    manage(name="new", file=str(link))

    assert link.is_symlink()
    assert content(tmp_path / "real.json")["name"] == "new"


def test_a_kept_key_does_not_show_its_value_in_a_repr(path):
    key_file.announce(str(path), "new", "s3cret")

    assert "s3cret" not in repr(key_file.read_kept_key(str(path)))


def test_a_file_that_may_not_be_read_is_reported(tmp_path):
    with pytest.raises(TaskRefused, match="cannot be read"):
        key_file.read_kept_key(str(tmp_path))
