# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection brings into an execution environment, and what an image of the example would be built from."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from tree import copy_checkout

DEFINITION = ROOT / "docs/examples/awx/execution-environment.yml"
COLLECTIONS = "/usr/share/ansible/collections"
# What COPY takes out of the context; nothing else of this machine gets into the image.
COPIED = {"_build", "_build/scripts/", "_build/scripts/entrypoint", "_build/bindep.txt"}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The context that ansible-builder makes of the example."""
    context = tmp_path_factory.mktemp("builder") / "context"
    run("ansible-builder", "create", "--file", DEFINITION, "--context", context, "--output-filename", "Containerfile")
    return context


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collections as the image has them: this one, built and installed as a tarball."""
    folder = tmp_path_factory.mktemp("installed")
    run("ansible-galaxy", "collection", "build", copy_checkout(folder / "tree"), "--output-path", folder)
    (tarball,) = folder.glob("*.tar.gz")
    # By force, because Ansible knows the checkout as one that is installed.
    where = ("--collections-path", folder / "all", "--force")
    run("ansible-galaxy", "collection", "install", "--offline", *where, tarball)
    return folder / "all"


def run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)


def words_in(path: Path) -> list[str]:
    """The first word of each line that says something, without a version."""
    lines = [line.partition("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted({re.split(r"[<>=]", line[0])[0] for line in lines if line})


def test_the_builder_finds_requests_and_git_and_nothing_else(tmp_path: Path) -> None:
    python, system = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    run("ansible-builder", "introspect", "--write-pip", python, "--write-bindep", system, ROOT / ".build")

    assert words_in(python) == ["requests"]
    assert words_in(system) == ["git"]


def test_an_image_of_the_tarball_gets_requests_git_and_what_the_example_adds(
    context: Path, installed: Path, tmp_path: Path
) -> None:
    """The builder's own program, as the image runs it."""
    program, bindep = context / "_build/scripts/introspect.py", context / "_build/bindep.txt"
    told = ("--user-bindep", bindep, "--write-pip", tmp_path / "pip", "--write-bindep", tmp_path / "bindep")
    run(sys.executable, program, "introspect", *told, installed)

    assert words_in(tmp_path / "pip") == ["requests"]
    assert words_in(tmp_path / "bindep") == ["git", "openssh-clients"]


def test_the_image_is_made_of_what_the_example_says_and_of_nothing_of_this_machine(context: Path) -> None:
    told = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    text = (context / "Containerfile").read_text(encoding="utf-8")
    arguments = dict(re.findall(r'^ARG (\w+)="(.*)"$', text, re.MULTILINE))

    assert arguments["EE_BASE_IMAGE"] == told["images"]["base_image"]["name"]
    assert arguments["PYCMD"] == told["dependencies"]["python_interpreter"]["python_path"]
    assert arguments["ANSIBLE_INSTALL_REFS"] == f"{told['dependencies']['ansible_core']['package_pip']} ansible-runner"
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"$EE_BASE_IMAGE", "base"}
    assert set(re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE)) == COPIED
    assert f'-r requirements.yml --collections-path "{COLLECTIONS}"' in text
    assert yaml.safe_load((context / "_build/requirements.yml").read_text()) == told["dependencies"]["galaxy"]
    assert told["dependencies"]["galaxy"] == {"collections": [{"name": "cloudkeys.ibmcloud"}]}


def test_the_core_and_the_python_of_the_example_are_supported() -> None:
    told = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))["dependencies"]
    least = re.search(r">=(\d+)\.(\d+)", told["ansible_core"]["package_pip"])
    needed = re.search(r">=(\d+)\.(\d+)", yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"])

    assert least
    assert needed
    assert [*map(int, least.groups())] >= [*map(int, needed.groups())]
    assert told["python_interpreter"]["python_path"].endswith(told["python_interpreter"]["package_system"])
