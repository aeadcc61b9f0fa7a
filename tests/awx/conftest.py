# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An emulator for all tests, fresh for each of them, and an AWX with an empty repository."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "ansible_collections.cloudkeys.ibmcloud.tests.awx.awx",
    "ansible_collections.cloudkeys.ibmcloud.tests.awx.scene",
    "ansible_collections.cloudkeys.ibmcloud.tests.faults.slots",
)

from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import Awx
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer, serve
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import Workplace


@pytest.fixture(scope="session")
def running_server() -> t.Iterator[IamServer]:
    # Which process does a task is read from /proc.
    if not sys.platform.startswith("linux"):
        pytest.skip("jobs are killed at an exact step on Linux only")
    with serve() as server:
        yield server


@pytest.fixture
def awx(running_server: IamServer, short_path: Path) -> t.Iterator[Awx]:
    running_server.steer("reset")
    awx = Awx(Workplace(short_path, running_server))
    yield awx
    awx.end_jobs()


@pytest.fixture
def scene(awx: Awx) -> JobScene:
    """Slots of one service ID, without keys."""
    return JobScene(awx)
