# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.laws import Tally

TALLIES: dict[str, Tally] = {}


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Counts the outcomes of a test; the table at the end shows them."""
    return TALLIES.setdefault(request.node.name, Tally())


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    for name, tally in TALLIES.items():
        terminalreporter.section(name)
        for line in tally.lines():
            terminalreporter.write_line(line)
