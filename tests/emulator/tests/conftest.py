# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An emulator whose clock stands still, and its first user."""

from __future__ import annotations

import pytest
from iam_emulator import Emulator, Visitor

NEW_YEAR_2027 = 1_798_761_600.0


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(clock=lambda: NEW_YEAR_2027)


@pytest.fixture
def user(emulator: Emulator) -> Visitor:
    return Visitor(emulator)
