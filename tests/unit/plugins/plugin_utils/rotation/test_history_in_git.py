# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history in the repository of the vault files: each line comes with the commit of its record."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import HistoryRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import (
    HistoryContext,
    StoreContext,
    open_store,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    ONE_AT_A_TIME,
    Effects,
    Scene,
)

FILE = "history.jsonl"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


@pytest.fixture
def scene() -> Scene:
    return Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)


def run(scene: Scene, remote: Remote, slot_name: str = "deploy", before_end: t.Any = None) -> None:
    secret: t.Any = VaultSecret(b"password of dev")
    client = scene.client(Effects())
    context = StoreContext(
        Cipher([("dev", secret)]),
        lambda value: None,
        lambda line: None,
        os.environ,
        lambda seconds: None,
        HistoryContext(client.now, str, "jane"),
    )
    asked = {"file": FILE, "keep_days": 400.0, "by": None, "job": "12"}
    params = {"git": remote.options(), "vault_id": None, "history": asked}
    with open_store(params, context) as opened:
        ports = Ports(client, opened.store, lambda secret: None, scene.told.append, history=opened.history)
        slot = scene.make_slot(slot_name, overlap_hours=0, soak_hours=0, quiet_hours=0)
        (outcome,) = rotate_slots([slot], ports, Orders(), ONE_AT_A_TIME, check_mode=False, unforeseen=repr)
        assert outcome.failure is None, outcome.failure
        if before_end:
            before_end()
        assert opened.history
        opened.history.flush()


def told(remote: Remote, commit: str = "main") -> list[str]:
    lines = remote.git("show", f"{commit}:{FILE}").splitlines()
    return [json.loads(line)["what"] for line in lines]


def test_a_line_comes_with_the_commit_of_its_record(scene: Scene, remote: Remote) -> None:
    run(scene, remote)
    scene.pass_time(91 * DAY_SECONDS)
    run(scene, remote)

    assert told(remote) == ["made", "published", "made", "published", "disabled", "deleted"]
    commits = remote.git("log", "--format=%H", "main", "--", FILE).split()
    changed = [remote.git("show", "--name-only", "--format=", commit).split() for commit in commits]
    assert all("secrets.yml" in files for files in changed), changed
    tip = remote.git("rev-parse", "main")
    run(scene, remote)
    assert remote.git("rev-parse", "main") == tip, "an idle run pushes"


def test_two_runs_that_write_the_same_history_lose_no_line(scene: Scene, remote: Remote) -> None:
    run(scene, remote, before_end=lambda: run(scene, remote, "other"))

    assert sorted(told(remote)) == ["made", "made", "published", "published"]


def test_a_file_that_is_no_history_is_refused_before_anything_is_done(scene: Scene, remote: Remote) -> None:
    remote.write(FILE, "<<<<<<< HEAD\n")

    with pytest.raises(HistoryRefused, match=r"line 1 of main:history\.jsonl"):
        run(scene, remote)
    assert scene.keys() == {}
