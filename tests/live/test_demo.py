# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demo in a real account, played by an emulator without a side channel: it leaves the account as it was."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.live.scene import Run, sealed_account


class DemoRun(Run):
    """One `DEMO_LIVE=yes make demo`."""

    tool = "../demo/run.py"


def test_it_shows_everything_and_touches_no_file_of_others(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "theirs").touch()
    (folder / "api-keys.json").write_text("no report at all", encoding="utf-8")
    with sealed_account() as account:
        before = account.contents()
        run = DemoRun(tmp_path / "output", account, str(folder), DEMO_LIVE="yes")

        assert run.wait() == 0, run.output
        assert account.contents() == before
    assert "9. A leak drill" in run.output
    assert (folder / "theirs").exists()
    assert (folder / "api-keys.html").exists()
    assert account.api_key not in run.output
    assert [path for path in folder.iterdir() if account.api_key in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_ended_and_that_nobody_reads_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with sealed_account() as account:
        before = account.contents()
        run = DemoRun(tmp_path / "output", account, str(tmp_path / "pages"), with_reader=True, DEMO_LIVE="yes")
        while account.contents() == before:
            assert run.process.poll() is None
            time.sleep(0.2)
        run.stop_reading()
        run.process.send_signal(number)

        assert run.wait() != 0
        assert account.contents() == before
