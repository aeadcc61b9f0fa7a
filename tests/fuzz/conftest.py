# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.laws import Tally
from hypothesis import HealthCheck, settings

IN_BULK = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
TALLIES: dict[str, Tally] = {}
# How many made-up files are edited when nobody says a number; the other tests do their share of what they do then.
ALL_EXAMPLES = 12_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples", type=int, default=ALL_EXAMPLES, help="how many made-up files to edit")


def pytest_configure(config: pytest.Config) -> None:
    examples = config.getoption("--examples")
    if examples < 1:
        raise pytest.UsageError("--examples has to be at least 1")
    settings.register_profile("fuzz", max_examples=examples, deadline=None, suppress_health_check=IN_BULK)
    settings.load_profile("fuzz")


@pytest.fixture(scope="session")
def one_file_in(request: pytest.FixtureRequest) -> int:
    """Of the files that people wrote, one in so many is edited."""
    return max(1, ALL_EXAMPLES // int(request.config.getoption("--examples")))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Counts the outcomes of a test; the table at the end shows them."""
    return TALLIES.setdefault(request.node.name, Tally())


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    for name, tally in TALLIES.items():
        terminalreporter.section(name)
        for line in tally.lines():
            terminalreporter.write_line(line)
