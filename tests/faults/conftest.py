# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An emulator for all tests, fresh for each of them, and a folder with a slot."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
from hypothesis import Phase, settings

pytest.register_assert_rewrite("ansible_collections.cloudkeys.ibmcloud.tests.faults.slots")

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer, serve
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import SlotScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import Workplace

# As in the conftest.py of the unit tests: mutants are tried with either.
settings.register_profile("first-failure", phases=[Phase.explicit, Phase.generate])


@pytest.fixture(scope="session")
def running_server() -> t.Iterator[IamServer]:
    # Which process does a task is read from /proc.
    if not sys.platform.startswith("linux"):
        pytest.skip("runs are killed at an exact step on Linux only")
    with serve() as server:
        yield server


@pytest.fixture
def server(running_server: IamServer) -> IamServer:
    running_server.steer("reset")
    return running_server


@pytest.fixture
def scene(server: IamServer, short_path: Path) -> t.Iterator[SlotScene]:
    """A slot without a key."""
    workplace = Workplace(short_path, server)
    yield SlotScene(workplace)
    workplace.end_runs()


@pytest.fixture
def due_scene(scene: SlotScene) -> SlotScene:
    """A slot whose key is due."""
    scene.make_due()
    return scene


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-pairs", action="store_true", help="try all schedules of two disturbances, not some")


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """What the schedules and the mutants came to; workers that run side by side hand it on with their reports."""
    passed = terminalreporter.stats.get("passed", [])
    for report in passed:
        for name, text in report.user_properties:
            if name == "shown":
                terminalreporter.write_line(text)
    for kind in ("actors", "actors with a fault"):
        counts = [counts for report in passed for name, counts in report.user_properties if name == kind]
        tried, same, none = (sum(each) for each in zip(*counts)) if counts else (0, 0, 0)
        terminalreporter.write_line(
            f"{tried + same} schedules of {kind}: {tried} tried to the end, {same} came to the same; {none} are none"
        )
    mutants = sum("test_a_defect_is_noticed" in report.nodeid for report in passed)
    kills = sum("test_kills" in report.nodeid for report in passed)
    terminalreporter.write_line(f"{kills} tests of killed runs, {mutants} planted defects noticed")
