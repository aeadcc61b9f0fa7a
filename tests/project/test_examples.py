# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/from-the-cli.md and its playbook, which tests/guides runs, are complete and in step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples"
SUFFIXES = ("create", "update", "delete", "lock", "unlock", "disable", "enable")
# Of IBM's reference of the CLI: everything about API keys (iam-facts.md 8.3).
COMMANDS = [
    "iam api-keys",
    "iam api-key",
    "iam service-api-keys",
    "iam service-api-key",
    "iam api-keys-usage",
    *(f"iam api-key-{suffix}" for suffix in SUFFIXES),
    *(f"iam service-api-key-{suffix}" for suffix in SUFFIXES),
    *(f"iam service-id-{suffix}" for suffix in ("create", "update", "delete")),
]


def rows() -> list[list[str]]:
    """The rows of the tables, headings left out."""
    lines = (ROOT / "docs/from-the-cli.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if row[1] not in {"task", "---"}]


def titles() -> list[str]:
    (play,) = yaml.safe_load((EXAMPLES / "from_the_cli.yml").read_text(encoding="utf-8"))
    return [task["name"] for task in play["tasks"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_task(command: str) -> None:
    assert [row for row in rows() if re.match(rf"`{command}(?![\w-])", row[0])]


def test_the_table_and_the_playbook_name_the_same_tasks() -> None:
    assert {row[1] for row in rows()} == set(titles())
