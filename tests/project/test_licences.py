# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Code says its licence in the file; what cannot or need not is of a kind that is listed here, under LICENSE."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
import yaml
from tree import CHECKOUT, tracked_files

LINE = "GNU General Public License v3.0+ (see LICENSE"
SAYS_IT = {".py", ".sh", ".css"}
# Playbooks, examples and settings are for reading and copying, data and pictures have no place for it.
UNDER_LICENSE = {".csv", ".html", ".j2", ".json", ".md", ".png", ".svg", ".toml", ".txt", ".yaml", ".yml"}
UNDER_LICENSE_BY_NAME = {".gitignore", ".keep", "LICENSE", "Makefile", "aliases", ".ci/run"}


def kind_of(name: str) -> str:
    """How a file tells its licence: in itself, by LICENSE, or in no way that is known."""
    path = PurePosixPath(name)
    is_target = name.startswith("tests/integration/targets/") and path.suffix == ".yml"
    if path.suffix in SAYS_IT or is_target:
        return "says it"
    known = path.suffix in UNDER_LICENSE or {name, path.name} & UNDER_LICENSE_BY_NAME
    return "under LICENSE" if known else "unknown"


def test_each_file_is_of_a_kind_whose_licence_is_told() -> None:
    files = {name: kind_of(name) for name in tracked_files() if (CHECKOUT / name).is_file()}

    assert [name for name, kind in files.items() if kind == "unknown"] == []
    silent = [
        name
        for name, kind in files.items()
        if kind == "says it" and LINE not in (CHECKOUT / name).read_text(encoding="utf-8")[:400]
    ]
    assert silent == []


def test_the_licence_is_the_one_that_galaxy_and_the_roles_are_told() -> None:
    text = (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    roles = [yaml.safe_load(path.read_text())["galaxy_info"] for path in CHECKOUT.glob("roles/*/meta/main.yml")]

    assert re.match(r"\s*GNU GENERAL PUBLIC LICENSE\s+Version 3, 29 June 2007", text)
    told = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["license"]
    assert told == ["GPL-3.0-or-later"]
    assert [role["license"] for role in roles] == ["GPL-3.0-or-later"] * 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plugins/a.py", "says it"),
        ("tests/integration/targets/a/tasks/main.yml", "says it"),
        ("docs/a.md", "under LICENSE"),
        ("plugins/a.js", "unknown"),
        ("plugins/aliases.exe", "unknown"),
    ],
)
def test_a_file_of_another_kind_is_found(name: str, kind: str) -> None:
    assert kind_of(name) == kind
