# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file with the metrics: options, and how a run gets into it. What others wrote there stays, or is refused."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of, replace_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import Place, open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known, Run, is_of, merged
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import (
    Samples,
    read_text,
    to_text,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._public_file import (
    content_of,
    locked_folder,
)

# node_exporter reads no other files of its folder.
ENDING = ".prom"
LOCK_TIMEOUT_SECONDS = 60.0

Result = dict[str, t.Any]


class MetricsFile:
    """The metrics of one task. What it finds out is noted while it works, and written when it has ended."""

    def __init__(
        self,
        options: t.Mapping[str, t.Any],
        folder: str,
        prefix: str,
        host: str,
        now: t.Callable[[], float],
        *,
        lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    ) -> None:
        """Raise TaskRefused for options that make no sense; `folder` is where a relative path starts."""
        self.account = options["account"] or host
        self._path = os.path.join(folder, options["file"])
        self._mode = int(options["mode"], 8)
        self._failed_before = options["failed_before"]
        self._prefix, self._now = prefix, now
        self._lock_timeout_seconds = lock_timeout_seconds
        self._known: Known | None = None
        if "\0" in self._path:
            raise TaskRefused("metrics: the name of the file has a character in it that no path can have")
        if not self._path.endswith(ENDING) or os.path.basename(self._path) == ENDING:
            raise TaskRefused(
                f"metrics: the name of the file has to end in {ENDING}, since node_exporter reads no others"
            )

    def note(self, known: Known) -> None:
        """Remember what is to be told."""
        self._known = known

    def around(self, work: t.Callable[[], Result], *, is_success: t.Callable[[Result], bool]) -> Result:
        """Do the work of a task and tell what became of it; a run whose metrics cannot be written has failed."""
        try:
            result = work()
        except Exception:
            # Why the work failed is what counts; that nothing was told shows in the age of the file.
            with contextlib.suppress(CloudkeysError):
                self._write(succeeded=False)
            raise
        try:
            self._write(succeeded=is_success(result) and not self._failed_before)
        except CloudkeysError as error:
            told = f"what the task was to do was done, but its metrics cannot be written: {error}"
            result = {**result, "failed": True, "msg": f"{result['msg']}; {told}" if "msg" in result else told}
        return result

    def _write(self, *, succeeded: bool) -> None:
        run = Run(self._prefix, self.account, int(self._now()), succeeded, self._known)
        with locked_folder(os.path.dirname(self._path), self._lock_timeout_seconds) as folder:
            self._check_told_once(folder, run)
            try:
                # A link is replaced: what it leads to need not be ours.
                with open_place(self._path, follow=False) as place:
                    content = to_text(merged(self._found(place), run)).encode()
                    # Also where nothing differs, so that the mode is the one that is asked for.
                    replace_in(place, content, mode=self._mode)
            except OSError as error:
                raise TaskRefused(f"{self._path} cannot be written: {reason_of(error)}") from None

    def _found(self, place: Place) -> Samples:
        samples = _samples(place)
        if samples is None:
            raise TaskRefused(f"{self._path} is no file of these metrics, and is left as it is: name another one")
        return samples

    def _check_told_once(self, folder: int, run: Run) -> None:
        """Raise TaskRefused when another file tells of the account: node_exporter would then tell nothing at all."""
        for name in sorted(os.listdir(folder)):
            path = os.path.join(os.path.dirname(self._path), name)
            if not name.endswith(ENDING) or name == os.path.basename(self._path):
                continue
            with contextlib.suppress(OSError, TaskRefused), open_place(path, follow=False) as place:
                samples = _samples(place) or {}
                if any(is_of(each, run) for each in samples):
                    break
        else:
            return
        raise TaskRefused(
            f"{path} has metrics of {run.account} too, and two files with the same keep node_exporter from telling "
            "anything: remove one of them, or say another `metrics.account`"
        )


def _samples(place: Place) -> Samples | None:
    """The samples in a file; none where there is no file, None when there is something else in it."""
    try:
        return read_text((content_of(place) or b"").decode())
    except ValueError:
        # NotOurs, no UTF-8, and a number that is too long for Python.
        return None
