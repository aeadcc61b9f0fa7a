# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of metrics around the work of a task: written whatever becomes of it, and over nothing that is not ours."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.metrics_file import MetricsFile
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import (
    AUDIT,
    HEADER,
    Samples,
    read_text,
    series,
)

KEYS = series(f"{AUDIT}_keys", "prod")
FAILED = series(f"{AUDIT}_last_run_failed", "prod")
SUCCESS = series(f"{AUDIT}_last_success_timestamp_seconds", "prod")


class Sheet:
    """A folder as node_exporter reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "keys.prom"

    def run(self, work: t.Callable[[], dict[str, t.Any]] | None = None, **options: t.Any) -> dict[str, t.Any]:
        given = {"file": "keys.prom", "account": None, "mode": "0644", "failed_before": False, **options}
        metrics = MetricsFile(given, str(self.folder), AUDIT, "prod", lambda: 1000.5, lock_timeout_seconds=0.2)

        def find() -> dict[str, t.Any]:
            metrics.note(Known("0a1b", {series(f"{AUDIT}_keys", metrics.account): 4}))
            return work() if work else {"changed": False}

        return metrics.around(find, is_success=lambda result: not result.get("failed"))

    def read(self) -> Samples:
        return read_text(self.file.read_text(encoding="utf-8"))


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return Sheet(tmp_path)


def test_what_is_known_is_written_and_nothing_counts_as_changed(sheet: Sheet) -> None:
    assert sheet.run() == {"changed": False}
    assert (sheet.read()[KEYS], sheet.read()[FAILED], sheet.read()[SUCCESS]) == (4, 0, 1000)


@pytest.mark.parametrize("mode", ["0640", "0644"])
def test_the_mode_is_the_one_that_is_asked_for_whatever_it_was(sheet: Sheet, mode: str) -> None:
    before = os.umask(0o077)
    try:
        sheet.run(mode="0644" if mode == "0640" else "0640")
        sheet.run(mode=mode)
    finally:
        os.umask(before)

    assert f"{sheet.file.stat().st_mode & 0o7777:04o}" == mode


def test_a_task_that_failed_tells_it_with_what_it_knows(sheet: Sheet) -> None:
    result = sheet.run(lambda: {"changed": True, "failed": True, "msg": "one slot failed"})

    assert result["msg"] == "one slot failed"
    assert (sheet.read()[KEYS], sheet.read()[FAILED], sheet.read()[SUCCESS]) == (4, 1, 0)


def test_so_does_one_that_raises_and_its_reason_stays(sheet: Sheet) -> None:
    def fall() -> dict[str, t.Any]:
        raise TaskRefused("no log-in")

    with pytest.raises(TaskRefused, match="no log-in"):
        sheet.run(fall)
    assert sheet.read()[FAILED] == 1

    sheet.file.write_text("node_load1 1\n", encoding="utf-8")
    with pytest.raises(TaskRefused, match="no log-in"):
        sheet.run(fall)


def test_a_run_that_is_killed_leaves_the_file_as_it_was(sheet: Sheet) -> None:
    sheet.run()
    before = sheet.file.read_bytes()

    def die() -> dict[str, t.Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheet.run(die)
    assert sheet.file.read_bytes() == before


def test_after_a_task_that_failed_a_run_is_no_success(sheet: Sheet) -> None:
    sheet.run(failed_before=True)

    assert (sheet.read()[FAILED], sheet.read()[SUCCESS]) == (1, 0)


TOO_LONG = f'{HEADER}\n{AUDIT}_keys{{account="prod"}} {"9" * 5000}\n'


@pytest.mark.parametrize("content", ["node_load1 1\n", "\0\xff", "# HELP x y\n", TOO_LONG])
def test_what_is_not_ours_is_left_and_the_task_fails_with_its_work_done(sheet: Sheet, content: str) -> None:
    sheet.file.write_text(content, encoding="latin-1")

    result = sheet.run(lambda: {"changed": True, "slots": ["done"]})

    assert result["failed"]
    assert result["slots"] == ["done"]
    assert "what the task was to do was done" in result["msg"]
    assert "is no file of these metrics" in result["msg"]
    assert sheet.file.read_text(encoding="latin-1") == content


def test_the_task_s_own_failure_is_told_first(sheet: Sheet) -> None:
    sheet.file.mkdir()

    result = sheet.run(lambda: {"failed": True, "msg": "one slot failed"})

    assert result["msg"].startswith("one slot failed; what the task was to do")


def test_a_folder_that_is_not_there_is_told(sheet: Sheet) -> None:
    assert "cannot be opened" in sheet.run(file="gone/keys.prom")["msg"]


def test_an_empty_file_is_taken(sheet: Sheet) -> None:
    sheet.file.touch()

    assert "failed" not in sheet.run()


@pytest.mark.parametrize("name", ["keys.txt", "keys.prom.txt", "keys", ".prom", "keys.PROM"])
def test_a_name_that_node_exporter_passes_over_is_refused(sheet: Sheet, name: str) -> None:
    with pytest.raises(TaskRefused, match=r"has to end in \.prom"):
        sheet.run(file=name)
    assert list(sheet.folder.iterdir()) == []


def test_two_accounts_share_a_file(sheet: Sheet) -> None:
    sheet.run()
    sheet.run(account="test")

    assert {KEYS: 4, series(f"{AUDIT}_keys", "test"): 4}.items() <= sheet.read().items()


def test_an_account_that_another_file_tells_of_is_refused_and_others_are_not(sheet: Sheet) -> None:
    (sheet.folder / "load.prom").write_text("node_load1 1\n", encoding="utf-8")
    (sheet.folder / "old.prom").mkdir()
    sheet.run(file="other.prom", account="test")
    sheet.run(file="third.prom")

    told = sheet.run()["msg"]

    assert f"{sheet.folder}/third.prom has metrics of prod too" in told
    assert not sheet.file.exists()
    (sheet.folder / "third.prom").unlink()
    assert "failed" not in sheet.run()


def test_a_file_that_stopped_short_of_the_ending_counts_for_nothing(sheet: Sheet) -> None:
    sheet.run(file="third.prom")
    (sheet.folder / "third.prom").rename(sheet.folder / "third.prom.old")

    assert "failed" not in sheet.run()


def test_a_file_beside_it_that_nobody_can_read_stops_nothing(sheet: Sheet) -> None:
    (sheet.folder / "old.prom").write_text(TOO_LONG, encoding="utf-8")
    os.mkfifo(sheet.folder / "pipe.prom")

    assert sheet.run() == {"changed": False}


def test_a_name_that_no_path_can_have_is_refused_before_the_work(sheet: Sheet) -> None:
    with pytest.raises(TaskRefused, match="a character in it that no path can have"):
        sheet.run(file="keys\0.prom")


def test_what_a_run_left_that_was_killed_while_it_wrote_goes(sheet: Sheet) -> None:
    (sheet.folder / f".keys.prom.{'0' * 12}.tmp~").touch()
    (sheet.folder / ".keys.prom.mine").touch()

    sheet.run()

    assert sorted(path.name for path in sheet.folder.iterdir()) == [".keys.prom.mine", "keys.prom"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(sheet: Sheet) -> None:
    (sheet.folder / "other").write_text("of somebody\n", encoding="utf-8")
    sheet.file.symlink_to("other")

    sheet.run()

    assert sheet.read()[KEYS] == 4
    assert (sheet.folder / "other").read_text(encoding="utf-8") == "of somebody\n"
    assert not sheet.file.is_symlink()
