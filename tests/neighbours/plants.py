# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a neighbour puts in the place of a file that is going to be written; each is called as the neighbour."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.people import Yard

# In the form of an API key, and the neighbour knows it.
KNOWN_VALUE = "neighbour-knows-this-value-of-forty-four-ch"
ANNOUNCEMENT = json.dumps({"name": "new", "apikey": KNOWN_VALUE})

Plant = t.Callable[[Yard, Path], object]


def _wide_file(_yard: Yard, target: Path) -> None:
    target.write_text(ANNOUNCEMENT, encoding="utf-8")
    target.chmod(0o666)


def _private_file(_yard: Yard, target: Path) -> None:
    target.write_text(ANNOUNCEMENT, encoding="utf-8")
    target.chmod(0o600)


def _vars_file(_yard: Yard, target: Path) -> None:
    target.write_text("other: 1\n", encoding="utf-8")
    target.chmod(0o666)


def _link_to_own(yard: Yard, target: Path) -> None:
    _private_file(yard, yard.own / "planted")
    target.symlink_to(yard.own / "planted")


def _hard_link_to_own(yard: Yard, target: Path) -> None:
    _wide_file(yard, yard.own / "planted")
    target.hardlink_to(yard.own / "planted")


def _temporary_names(yard: Yard, target: Path) -> None:
    """A name that is drawn cannot be met; these look like what a killed run left."""
    beside = [target.with_name(f".{target.name}.{number:012x}.tmp~") for number in range(4)]
    beside[0].symlink_to(yard.treasure / "notes.txt")
    os.mkfifo(beside[1])
    beside[2].mkdir()
    beside[3].write_text(ANNOUNCEMENT, encoding="utf-8")


PLANTS: dict[str, Plant] = {
    "nothing": lambda _yard, _target: None,
    "a dangling link": lambda yard, target: target.symlink_to(yard.treasure / "new"),
    "a link to a file": lambda yard, target: target.symlink_to(yard.treasure / "notes.txt"),
    "a link to a secret": lambda yard, target: target.symlink_to(yard.treasure / "secret.txt"),
    "a link to a folder": lambda yard, target: target.symlink_to(yard.treasure),
    "a link to a file of the neighbour": _link_to_own,
    "a hard link": _hard_link_to_own,
    "a FIFO": lambda _yard, target: os.mkfifo(target, 0o666),
    "a wide file": _wide_file,
    "a private file": _private_file,
    "a vars file": _vars_file,
    "a folder": lambda _yard, target: target.mkdir(mode=0o777),
    "temporary names": _temporary_names,
}
