# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Chromium, and everything a page does that it should not."""

from __future__ import annotations

import shutil
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".build/browser"))
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser() -> t.Iterator[t.Any]:
    """Fails, and does not skip, where there is none: who asks for these tests wants to know."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        pytest.fail("no chromium on PATH: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        # Root, as in most containers, cannot have Chromium's own sandbox; the pages are ours and ask for nothing.
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


class Watched:
    """A page with what it asked of the network and what it complained about."""

    def __init__(self, page: t.Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def show(self, file: Path) -> t.Any:
        self.page.goto(file.as_uri())
        return self.page

    def check(self, file: Path) -> None:
        assert [url for url in self.requests if not url.startswith("data:")] == [file.as_uri()]
        assert self.complaints == []


@pytest.fixture(params=["wide", "narrow"])
def watched(browser: t.Any, request: pytest.FixtureRequest) -> t.Iterator[Watched]:
    context = browser.new_context(viewport=WIDE if request.param == "wide" else NARROW)
    yield Watched(context.new_page())
    context.close()
