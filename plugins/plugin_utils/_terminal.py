# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only way to Ansible's own output beside the result of a task: no secret, and nothing that a terminal obeys."""

from __future__ import annotations

from ansible.utils.display import Display
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown

display = Display()


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
