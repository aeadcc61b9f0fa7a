# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One emulator for all tests, fresh for each of them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

pytest.register_assert_rewrite("ansible_collections.cloudkeys.ibmcloud.tests.guides.desk")

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer, serve
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk


@pytest.fixture(scope="session")
def running_server() -> t.Iterator[IamServer]:
    with serve() as server:
        yield server


@pytest.fixture
def desk(running_server: IamServer, tmp_path: Path) -> Desk:
    running_server.steer("reset")
    return Desk(tmp_path, running_server)
