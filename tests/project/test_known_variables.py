# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What roles and playbooks take for a slip in a name is none of the names that they read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LISTS = {"rotate_api_keys": "vars/main.yml", "audit_api_keys": "tasks/main.yml"}


@pytest.mark.parametrize("role", LISTS)
def test_no_option_of_a_role_is_taken_for_a_slip(role: str) -> None:
    described = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = {*described["argument_specs"]["main"]["options"]}
    text = (ROOT / "roles" / role / LISTS[role]).read_text(encoding="utf-8")
    known = {*re.findall(rf"^ +- ({role}_\w+)$", text, re.MULTILINE)}
    beginnings = " ".join([*re.findall(rf"\^{role}_\(([a-z_|]+)", text), *re.findall(r"'\|([a-z_|]+)'", text)])
    suspects = tuple(f"{role}_{beginning}" for beginning in re.findall("[a-z_]+", beginnings))

    assert len(suspects) > 10
    assert known <= options
    assert {each for each in options if each.startswith(suspects)} <= known


@pytest.mark.parametrize("playbook", ["history", "import_keys", "rekey", "revoke_leaked", "whose"])
def test_a_playbook_knows_the_names_that_it_reads(playbook: str) -> None:
    (play,) = yaml.safe_load((ROOT / f"playbooks/{playbook}.yml").read_text(encoding="utf-8"))
    refusal = next(task for task in play["tasks"] if task["name"] == "Refuse a variable that nobody reads")
    known = {*refusal["vars"][f"_{playbook}_known"]}
    # What it hands on to the next job is not read here.
    others = [task for task in play["tasks"] if task is not refusal and "ansible.builtin.set_stats" not in task]

    read = {*re.findall(rf"\b(?:{playbook}|leak)_[a-z_]+\b", f"{others} {play['vars']}")}

    assert read - {"leak_report"} == {name for name in known if not name.startswith("rotate_api_keys_")}
