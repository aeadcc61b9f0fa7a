# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Breaks a copy of the collection."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT

COLLECTION = Path("ansible_collections/cloudkeys/ibmcloud")
PARTS = ("meta", "playbooks", "plugins", "roles")


@dataclass(frozen=True)
class Plant:
    """What is added to a file below `plugins/`."""

    file: str
    code: str


def break_collection(root: Path, plant: Plant) -> dict[str, str]:
    """Copy the collection, break the copy, and return what makes a run use it."""
    copy = root / "collections" / COLLECTION
    for name in PARTS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "plugins" / plant.file).open("a", encoding="utf-8") as stream:
        stream.write(plant.code)
    return {"ANSIBLE_COLLECTIONS_PATH": str(root / "collections"), "PYTHONPATH": ""}
