# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An exception that nobody foresaw, and whose text is a secret, shows nothing of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import PLAYS, Stage, Way

COLLECTION = Path("ansible_collections/cloudkeys/ibmcloud")
PARTS = ("meta", "playbooks", "plugins", "roles")

# What is added to a file of a copy of the collection, so that it breaks.
CREATE = (
    "module_utils/_iam/api_keys.py",
    """
def _broken(self, new):
    raise RuntimeError(f"cannot send {new} with {new.key_value}", {"apikey": new.key_value})


ApiKeys.create = _broken
""",
)
LOGIN = (
    "module_utils/_iam/tokens.py",
    """
def log_in(transport, key_value, clock):
    raise RuntimeError(f"cannot log in with {key_value}") from ValueError(key_value)
""",
)
COMMIT = (
    "plugin_utils/_vault_file/vault_file.py",
    """
def _broken(self, *args, **options):
    raise RuntimeError(f"cannot write {args} {[vars(edit) for edit in args[-1]]}")


VaultFile.apply = VaultFile.commit = _broken
""",
)


def break_collection(stage: Stage, plant: tuple[str, str]) -> dict[str, str]:
    """Copy the collection, break the copy, and return what makes a run use it."""
    copy = stage.root / "collections" / COLLECTION
    for name in PARTS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    file, code = plant
    with (copy / "plugins" / file).open("a", encoding="utf-8") as stream:
        stream.write(code)
    return {"ANSIBLE_COLLECTIONS_PATH": str(stage.root / "collections"), "PYTHONPATH": ""}


@pytest.mark.parametrize(
    ("plant", "way", "in_process"),
    [
        (LOGIN, "terminal", "1"),
        (LOGIN, "terminal", "0"),
        (CREATE, "runner", "1"),
        (CREATE, "runner", "0"),
        (COMMIT, "terminal", "1"),
    ],
    ids=["log-in", "log-in as a module", "create", "create as a module", "write of a vault file"],
)
def test_an_exception_that_nobody_foresaw(stage: Stage, plant: tuple[str, str], way: Way, in_process: str) -> None:
    surroundings = {**break_collection(stage, plant), "CLOUDKEYS_IN_PROCESS": in_process}
    stage.write_vault_file("vaulted.yml", stored=stage.new_secret("stored"))

    told = stage.play(way, str(PLAYS / "surprises.yml"), environ=surroundings)

    assert "failed=0" in told, told
    assert "RuntimeError" in told
    kept = stage.named / "kept.json"
    if kept.exists():
        stage.secrets["kept"] = json.loads(kept.read_text(encoding="utf-8"))["apikey"]
    if stage.workplace.vault_file.exists():
        stage.learn_values()
    assert stage.leaks() == []
