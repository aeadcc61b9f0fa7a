# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a run while it goes on: argument lists, environments and files that are gone at its end."""

from __future__ import annotations

import threading
import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import content_of
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.processes import OwnProcesses

SECONDS_BETWEEN_LOOKS = 0.03


class Watch:
    """Of a run that is started with `environ` what `ps` shows, and of temp folders whatever lay in them for a while."""

    def __init__(self, *temp_folders: Path, seconds_between_looks: float = SECONDS_BETWEEN_LOOKS) -> None:
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()
        self.temporary: dict[Path, bytes] = {}
        self._temp_folders = temp_folders
        self._seconds_between_looks = seconds_between_looks
        self._processes = OwnProcesses()
        self.environ = self._processes.environ
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._end.wait(self._seconds_between_looks):
            for process in self._processes.look():
                self.arguments.add(process.arguments)
                self.environments.add(process.environment)
            for folder in self._temp_folders:
                for path in _files_below(folder):
                    content = content_of(path)
                    if content:
                        self.temporary[path] = content


def _files_below(folder: Path) -> t.Iterator[Path]:
    try:
        yield from (path for path in folder.rglob("*") if path.is_file())
    except OSError:  # it goes away while it is looked at
        return
