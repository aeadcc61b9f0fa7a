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

KEYS_PER_IDENTITY = 100
TALLY = "tally"


@pytest.fixture(scope="session")
def running_server() -> t.Iterator[IamServer]:
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def broken_iam(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[BrokenIam]:
    with serve_broken_iam(tmp_path_factory.mktemp("tls")) as broken:
        yield broken


@pytest.fixture
def stage(
    running_server: IamServer, short_path: Path, record_property: t.Callable[[str, object], None]
) -> t.Iterator[Stage]:
    running_server.steer("reset")
    # Every canary that logs in is a key of its own.
    running_server.steer("settings", {"keys_per_identity": KEYS_PER_IDENTITY})
    tally = Tally()
    yield Stage(short_path, running_server, tally)
    record_property(TALLY, vars(tally))


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """What all tests together tried; workers that run side by side hand it on with the reports of what came last."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    last = [report for report in reports if getattr(report, "when", "") == "teardown"]
    tallies = [told for report in last for name, told in report.user_properties if name == TALLY]
    total = Tally(**{name: sum(told[name] for told in tallies) for name in vars(Tally())})
    terminalreporter.write_line(f"ansible-core {core_version}: {total}")
