# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only way to Ansible's own output beside the result of a task: no secret, and nothing that a terminal obeys."""

from __future__ import annotations

import sys
import typing as t

from ansible.utils.display import Display
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown

display = Display()
# Ansible loads an action once in its main process, before it is forked: a worker has no terminal of its own.
_IS_TERMINAL = sys.stdout is not None and sys.stdout.isatty()
# AWX and most CI have a terminal that nobody looks at.
_NOBODY = ("AWX_PRIVATE_DATA_DIR", "CI", "JOB_ID")


def is_watched(environ: t.Mapping[str, str]) -> bool:
    """Whether a person may be looking at the output while it comes."""
    return _IS_TERMINAL and environ.get("TERM") != "dumb" and not any(environ.get(name) for name in _NOBODY)


def say(line: str) -> None:
    display.display(_safe(line))


def say_in_detail(line: str) -> None:
    """For -vvv."""
    display.vvv(_safe(line))


def warn(line: str) -> None:
    """Ansible shows the same warning once."""
    display.warning(_safe(line))


def _safe(line: str) -> str:
    # First the secrets, which are not found any more where a character was spelled out.
    return shown(scrub(line))
