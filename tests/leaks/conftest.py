# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An emulator for all tests, fresh for each of them, and a folder to run plays in."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.release import __version__ as core_version
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer, serve
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.broken_iam import BrokenIam, serve_broken_iam
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import Stage, Tally

TALLY = Tally()
KEYS_PER_IDENTITY = 100


@pytest.fixture(scope="session")
def running_server() -> t.Iterator[IamServer]:
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def broken_iam(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[BrokenIam]:
    with serve_broken_iam(tmp_path_factory.mktemp("tls")) as broken:
        yield broken


@pytest.fixture
def stage(running_server: IamServer, tmp_path: Path) -> Stage:
    running_server.steer("reset")
    # Every canary that logs in is a key of its own.
    running_server.steer("settings", {"keys_per_identity": KEYS_PER_IDENTITY})
    return Stage(tmp_path, running_server, TALLY)


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    terminalreporter.write_line(f"ansible-core {core_version}: {TALLY}")
