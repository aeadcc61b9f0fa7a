# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps a result out of every output, while `register` gets it as it is. Only an action plugin can do that."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import SECRET_MEMBERS
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._terminal import say


def hide_if_revealing(task: t.Any, result: dict[str, t.Any]) -> None:
    """Hide a result that carries the value of a key, and say in one line each what is hidden."""
    if not _parts_with_a_value(result):
        return
    _hide(task, result)
    for part in _parts_with_a_value(result):
        key = part.get("api_key") or {}
        line = f"API key {key.get('id')} ({key.get('name')}) of {key.get('created_at')}"
        say(f"{line}: its value is in the result, hidden here")
    # ansible-core before 2.19 hides the message of a failed task too.
    if result.get("failed"):
        say(str(result.get("msg")))


def hide_if_item_is_secret(task: t.Any, task_vars: t.Mapping[str, t.Any] | None, result: dict[str, t.Any]) -> None:
    """Hide the result of a loop over values: Ansible shows the item beside the result, whatever is in it."""
    if not (getattr(task, "loop", None) or getattr(task, "loop_with", None)):
        return
    control = getattr(task, "loop_control", None)
    item = _as_text((task_vars or {}).get(getattr(control, "loop_var", None) or "item"))
    if scrub(item) != item:
        _hide(task, result)


def _hide(task: t.Any, result: dict[str, t.Any]) -> None:
    """Hide one result, also as one item of a loop."""
    result["_ansible_no_log"] = True
    # ansible-core before 2.19 shows the items of a loop unless the task says so too.
    task.no_log = True


def _parts_with_a_value(result: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The result itself, and those of its `outcomes`, that carry a secret."""
    parts = [result, *(result.get("outcomes") or [])]
    return [part for part in parts if any(part.get(member) for member in SECRET_MEMBERS)]


def _as_text(item: t.Any) -> str:
    try:
        return json.dumps(item, default=str)
    except (TypeError, ValueError):
        return str(item)
