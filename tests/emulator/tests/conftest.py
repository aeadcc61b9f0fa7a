# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An emulator whose clock stands still, its first user, and a server for clients of others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web
from iam_emulator import Emulator, Visitor
from iam_emulator.server import LOOPBACK, application_for

NEW_YEAR_2027 = 1_798_761_600.0


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(clock=lambda: NEW_YEAR_2027)


@pytest.fixture
def user(emulator: Emulator) -> Visitor:
    return Visitor(emulator)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Emulator, str]]:
    """An emulator behind HTTP, in a thread of this process, and its address; its clock is the real one."""
    emulator = Emulator()
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application_for(emulator), access_log=None, shutdown_timeout=0.1)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, LOOPBACK, 0)
    loop.run_until_complete(site.start())
    port = runner.addresses[0][1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield emulator, f"http://{LOOPBACK}:{port}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(runner.cleanup())
    loop.close()
