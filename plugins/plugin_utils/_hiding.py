# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps a result out of every output, while `register` gets it as it is. Only an action plugin can do that."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub


def hide(task: t.Any, result: dict[str, t.Any]) -> None:
    """Hide one result, also as one item of a loop."""
    result["_ansible_no_log"] = True
    # ansible-core before 2.19 shows the items of a loop unless the task says so too.
    task.no_log = True


def hide_if_item_is_secret(task: t.Any, task_vars: t.Mapping[str, t.Any] | None, result: dict[str, t.Any]) -> None:
    """Hide the result of a loop over values: Ansible shows the item beside the result, whatever is in it."""
    if not (getattr(task, "loop", None) or getattr(task, "loop_with", None)):
        return
    control = getattr(task, "loop_control", None)
    item = _as_text((task_vars or {}).get(getattr(control, "loop_var", None) or "item"))
    if scrub(item) != item:
        hide(task, result)


def _as_text(item: t.Any) -> str:
    try:
        return json.dumps(item, default=str)
    except (TypeError, ValueError):
        return str(item)
