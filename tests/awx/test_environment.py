# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection brings into an execution environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT


def test_an_execution_environment_gets_requests_and_git_and_nothing_else(tmp_path: Path) -> None:
    python, system = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    subprocess.run(
        ["ansible-builder", "introspect", "--write-pip", python, "--write-bindep", system, ROOT / ".build"],
        check=True,
        capture_output=True,
    )

    packages = [line.partition("#")[0].strip() for line in python.read_text().splitlines()]
    assert [package.partition(">")[0] for package in packages if package] == ["requests"]
    assert {line.split()[0] for line in system.read_text().splitlines() if line.strip()} == {"git"}


def test_the_example_of_an_image_is_taken_by_the_builder(tmp_path: Path) -> None:
    definition = ROOT / "docs" / "examples" / "awx" / "execution-environment.yml"

    subprocess.run(
        ["ansible-builder", "create", "--file", definition, "--context", tmp_path / "context"],
        check=True,
        capture_output=True,
    )

    assert "cloudkeys.ibmcloud" in (tmp_path / "context" / "_build" / "requirements.yml").read_text()
