# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The script for cron in the first guide: silent after a quiet night, and after no other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs/start-here.md"
PROGRAM = "~/ansible/bin/ansible-playbook"
QUIET = "  42 slots: 40 idle, 2 overlap until 2026-06-05T09:15+0000"
NIGHTS = {
    "quiet": ([QUIET], 0, False),
    "a key to hand over": (["  deploy: hand_over (it is published)", "  42 slots: 41 idle, 1 hand_over"], 0, True),
    "a key in use": (["  deploy: in_use (it logged in)", "  42 slots: 41 idle, 1 in_use"], 0, True),
    "a rotation": (["  deploy: intend (it is due)", "  deploy: overlap", "  42 slots: 41 idle, 1 overlap"], 0, True),
    "a slot that failed": (["  42 slots: 41 idle, 1 FAILED"], 2, True),
    "killed before it told anything": ([], 137, True),
    "nothing told, and green": ([], 0, True),
}


def script() -> str:
    (found,) = re.findall(r"^```shell\n(#!/bin/sh\n.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    return str(found)


@pytest.mark.parametrize("night", NIGHTS)
def test_a_night_is_mailed_unless_it_was_quiet(night: str, tmp_path: Path) -> None:
    lines, code, is_mailed = NIGHTS[night]
    told = ["PLAY [Rotate IBM Cloud API keys] ****", "", *lines, "TASK [Rotate the API keys] ****", "ok: [localhost]"]
    (tmp_path / "told").write_text("\n".join(told) + "\n", encoding="utf-8")
    program = tmp_path / "ansible-playbook"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/told\nexit {code}\n", encoding="utf-8")
    program.chmod(0o700)
    assert PROGRAM in script()

    done = subprocess.run(
        ["sh", "-c", script().replace(PROGRAM, str(program))], capture_output=True, text=True, check=False
    )

    assert done.returncode == code
    assert (done.stdout.splitlines() == told) if is_mailed else (done.stdout == "")
    assert done.stderr == ""
