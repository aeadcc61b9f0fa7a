# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Playbooks of docs/examples run; docs/from-the-cli.md and its playbook are complete and in step."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples"
SUFFIXES = ("create", "update", "delete", "lock", "unlock", "disable", "enable")
# Of IBM's reference of the CLI: everything about API keys (iam-api.md 5.1).
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


@pytest.fixture
def emulator() -> t.Iterator[dict[str, str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "iam_emulator"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests/emulator")},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield json.loads(t.cast(t.IO[str], process.stdout).readline())
        finally:
            process.terminate()


@pytest.fixture
def play(emulator: dict[str, str], tmp_path: Path) -> t.Callable[[str], str]:
    """Run a playbook of the examples; returns what it showed."""
    environ = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "IBMCLOUD_API_KEY": emulator["api_key"],
        "IBMCLOUD_IAM_API_ENDPOINT": emulator["url"],
    }

    def play(name: str) -> str:
        command = [Path(sys.executable).parent / "ansible-playbook", EXAMPLES / name, "-e", f"folder={tmp_path}"]
        done = subprocess.run(
            command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return play


def test_every_command_of_the_table_runs_and_changes_what_it_says(play: t.Callable[[str], str]) -> None:
    shown = play("from_the_cli.yml")
    told = dict(re.findall(r"^TASK \[(.+)\] \**\n(?:API key .*\n)?(ok|changed): \[localhost\]", shown, re.MULTILINE))

    assert list(told) == titles()
    reads = ("Log in", "List", "Show", "Count", "Find")
    assert [name for name, how in told.items() if (how == "ok") != name.startswith(reads)] == []


def test_many_keys_are_made_once(play: t.Callable[[str], str], tmp_path: Path) -> None:
    assert "changed=2 " in play("many_keys.yml")
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["deploy.json", "rollback.json", "test.json"]

    assert "changed=0 " in play("many_keys.yml")
