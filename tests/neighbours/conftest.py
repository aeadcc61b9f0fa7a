# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Only root can be two users; elsewhere nothing runs, and the last line says so."""

from __future__ import annotations

import os
import shutil
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.people import Yard

IS_ROOT = os.geteuid() == 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not IS_ROOT:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="only root can be two users"))


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    if not IS_ROOT:
        terminalreporter.write_line("NOTHING OF THIS RAN: run it as root, who can be two users", red=True)


@pytest.fixture
def yard_of() -> t.Iterator[t.Callable[[int, str], Yard]]:
    yards: list[Yard] = []

    def yard_of(victim: int, kind: str) -> Yard:
        yards.append(Yard(victim, kind))
        return yards[-1]

    yield yard_of
    for yard in yards:
        shutil.rmtree(yard.root)
