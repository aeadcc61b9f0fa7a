# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of an audit in a branch: one commit, made from what the branch is, and nothing of others is lost."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit_task import (
    FILE_NAMES,
    SPEC,
    resolve_paths,
    run_audit,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.report_in_git import PUSH_TRIES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)

AROUND = Surroundings(os.environ, lambda secret: None, lambda seconds: None)


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.visitor.create_key(name="deploy", iam_id=made.owner["iam_id"])
    made.emulator.change_settings(report_unready_reads=0)
    return made


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


def audit(
    scene: Scene,
    remote: Remote,
    git: dict[str, t.Any] | None = None,
    *,
    check_mode: bool = False,
    around: Surroundings = AROUND,
    **options: t.Any,
) -> dict[str, t.Any]:
    where = {"repository": str(remote.path), "branch": BRANCH, **(git or {})}
    checked = ArgumentSpecValidator(**SPEC).validate({"folder": "reports", "git": where, **options})
    assert checked.error_messages == []
    params = checked.validated_parameters
    return run_audit(params, scene.client(Effects()), lambda paths: frozenset(), around, check_mode=check_mode)


def told(remote: Remote) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(remote.read("reports/api-keys.json"))
    return found


def pushes(remote: Remote, since: str) -> int:
    return int(remote.git("rev-list", "--count", f"{since}..{BRANCH}"))


def test_all_files_are_pushed_in_one_commit(scene: Scene, remote: Remote) -> None:
    before = remote.tip

    result = audit(scene, remote)

    assert result["files"] == [f"{BRANCH}:reports/{name}" for name in FILE_NAMES.values()]
    assert (result["changed"], "failed" in result) == (True, False)
    assert pushes(remote, before) == 1
    subject, _empty, about = remote.messages()[0].splitlines()[:3]
    assert subject == "Audit API keys"
    assert about == f"{scene.emulator.seed.account_id}: 2 keys, 0 high, 0 medium, 0 low, 0 excused"
    assert remote.read("reports/api-keys.html").startswith("<!DOCTYPE html>")
    assert remote.read("README.md") == "for people"


def test_the_report_in_the_branch_is_the_one_before(scene: Scene, remote: Remote) -> None:
    audit(scene, remote)
    before = told(remote)["accounts"][0]["made_at"]
    scene.pass_time(200 * DAY_SECONDS)

    audit(scene, remote)

    trend = told(remote)["accounts"][0]["trend"]
    assert (trend["compared_with"], len(trend["points"])) == (before, 2)
    assert trend["new"] > 0


def test_the_same_report_again_makes_no_commit(scene: Scene, remote: Remote) -> None:
    audit(scene, remote)
    audit(scene, remote)
    before = remote.tip

    result = audit(scene, remote)

    assert (result["changed"], remote.tip) == (False, before)
    assert result["files"]


def test_check_mode_says_that_it_would_and_pushes_nothing(scene: Scene, remote: Remote) -> None:
    before = remote.tip

    result = audit(scene, remote, check_mode=True)

    assert (result["changed"], remote.tip) == (True, before)


def test_a_lost_race_puts_the_account_beside_the_one_that_was_faster(
    scene: Scene, remote: Remote, tmp_path: Path
) -> None:
    both = {"expected_accounts": ["prod", "test"]}
    audit(Scene(), remote, account_name="test", **both)
    theirs, start = remote.tip, remote.git("rev-parse", f"{BRANCH}~1")
    remote.git("update-ref", f"refs/heads/{BRANCH}", start)
    (found,) = told_at(remote, theirs)["accounts"]
    found["account_id"] = "f" * 32
    remote.is_faster_once(commit_of(remote, start, found, theirs), tmp_path / "raced")

    result = audit(scene, remote, account_name="prod", **both)

    assert (tmp_path / "raced").exists()
    assert result["changed"]
    assert [each["name"] for each in told(remote)["accounts"]] == ["prod", "test"]
    assert told(remote)["missing"] == []
    assert "API keys of 2 accounts" in remote.read("reports/api-keys.html")


def told_at(remote: Remote, commit: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(remote.git("show", f"{commit}:reports/api-keys.json"))
    return found


def commit_of(remote: Remote, parent: str, account: dict[str, t.Any], like: str) -> str:
    """A commit on `parent` whose report has this one account."""
    document = {**told_at(remote, like), "accounts": [account]}
    remote.write("reports/api-keys.json", json.dumps(document))
    made = remote.tip
    remote.git("update-ref", f"refs/heads/{BRANCH}", parent)
    return made


def test_a_branch_that_never_rests_ends_with_the_report_in_the_result(
    scene: Scene, remote: Remote, tmp_path: Path
) -> None:
    remote.never_rests(tmp_path / "pushes")

    result = audit(scene, remote)

    assert result["failed"]
    assert result["msg"].endswith(f"is in this result only: others keep pushing to {BRANCH}")
    assert result["markdown"].startswith("# API keys")
    assert (result["changed"], result["files"]) == (False, [])


def test_each_other_account_of_the_report_may_be_faster_once(scene: Scene, remote: Remote, tmp_path: Path) -> None:
    """A limit for strangers would end the slowest of many audits that run side by side."""
    remote.never_rests(tmp_path / "pushes", PUSH_TRIES + 1)

    result = audit(scene, remote, account_name="prod", expected_accounts=["prod", "test"])

    assert result["changed"]
    assert len(list((tmp_path / "pushes").iterdir())) == PUSH_TRIES + 1


def test_a_push_that_is_refused_tells_the_report_and_what_was_found(scene: Scene, remote: Remote) -> None:
    remote.hook("pre-receive", "echo protected >&2; exit 1")
    scene.pass_time(200 * DAY_SECONDS)
    before = remote.tip

    result = audit(scene, remote, fail_on="high")

    assert result["failed"]
    assert "is not in Git" in result["msg"]
    assert "refused the push" in result["msg"]
    assert "the audit found 2 high" in result["msg"]
    assert result["counts"]["high"] == 2
    assert remote.tip == before


def test_what_is_no_report_of_ours_is_left(scene: Scene, remote: Remote) -> None:
    before = remote.write("reports/api-keys.json", "{}\n")

    with pytest.raises(TaskRefused, match=r"reports/api-keys\.json is not a report of this release"):
        audit(scene, remote)

    assert remote.tip == before


def test_slots_that_people_wrote_are_left(scene: Scene, remote: Remote) -> None:
    """At the top of a project lies what its rotation goes by."""
    before = remote.write("slots.yml", "---\nrotate_api_keys_slots: []\n")

    with pytest.raises(TaskRefused, match=r"slots\.yml was not written by an audit"):
        audit(scene, remote, folder=".")

    assert remote.tip == before
    assert audit(scene, remote, folder=".", formats=["json", "html"])["changed"]


def test_a_link_in_the_branch_is_not_followed(scene: Scene, remote: Remote) -> None:
    remote.write("reports/api-keys.json", "../README.md", mode="120000")

    assert "is no regular file" in audit(scene, remote)["msg"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"folder": "/var/reports"}, "the folder for a report is a path in the repository"),
        ({"folder": ""}, "git needs a folder"),
        ({"folder": " "}, "git needs a folder"),
        ({"folder": "../x"}, "is not inside it"),
        ({"folder": ".git/x"}, "is not inside it"),
        ({"git": {"timeout_seconds": 0}}, "timeout_seconds has to be"),
        ({"git": {"repository": "https://user:word@example.com/x.git"}}, "holds a password or a user"),
    ],
)
def test_where_no_report_could_go_is_told_before_anybody_is_asked(
    scene: Scene, remote: Remote, options: dict[str, t.Any], says: str
) -> None:
    scene.emulator.requests.clear()

    with pytest.raises(CloudkeysError, match=says):
        audit(scene, remote, **options)

    assert scene.emulator.requests == []


def test_the_top_of_the_repository_is_a_folder_too(scene: Scene, remote: Remote) -> None:
    audit(scene, remote, folder=".")

    assert json.loads(remote.read("api-keys.json"))["schema_version"] == 2


def test_git_without_a_folder_is_refused() -> None:
    checked = ArgumentSpecValidator(**SPEC).validate({"git": {"repository": "/x.git", "branch": BRANCH}})

    assert checked.error_messages == ["missing parameter(s) required by 'git': folder"]


def test_the_token_is_protected_and_nothing_secret_is_in_the_repository(scene: Scene, remote: Remote) -> None:
    seen: list[str] = []
    around = Surroundings({**os.environ, "CLOUDKEYS_GIT_TOKEN": "a-token"}, seen.append, lambda seconds: None)

    audit(scene, remote)
    with pytest.raises(CloudkeysError, match="timeout_seconds"):
        audit(scene, remote, {"repository": "https://example.com/x.git", "timeout_seconds": -1}, around=around)
    # A limit of time is looked at before the token is read; with a good one the token is known to be secret.
    result = audit(scene, remote, {"repository": "https://127.0.0.1:1/x.git"}, around=around)

    assert set(seen) == {"a-token"}
    assert "is not in Git" in result["msg"]
    objects = remote.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    everything = b"".join(
        subprocess.run(["git", "cat-file", "-p", name], cwd=remote.path, capture_output=True, check=True).stdout
        for name in objects
    )
    assert scene.emulator.seed.api_key.encode() not in everything
    assert b"a-token" not in everything


def test_paths_of_this_machine_are_resolved_and_that_of_the_repository_is_not() -> None:
    git = {"ssh_key_file": "id", "known_hosts_file": None}
    params: dict[str, t.Any] = {"folder": "reports", "exceptions_file": "x.yml", "git": git}
    params |= {"record_files": [], "history_files": ["h.jsonl"]}

    resolve_paths(params, "/play")

    assert params["folder"] == "reports"
    assert params["exceptions_file"] == "/play/x.yml"
    assert git == {"ssh_key_file": "/play/id", "known_hosts_file": None}
