# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps a result out of every output, while `register` gets it as it is. Only an action plugin can do that."""

from __future__ import annotations

import typing as t

from ansible.release import __version__
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import SECRET_MEMBERS
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import is_free_of_all, scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._terminal import say

# Older ones hide the message of a failed task together with its result.
SHOWS_HIDDEN_MESSAGES = tuple(int(part) for part in __version__.split(".")[:2]) >= (2, 19)
# What a loop leaves in the variables of a task besides its item, and shows beside the result.
OF_A_LOOP = ("ansible_loop", "ansible_index_var")


def hide_if_secret(task: t.Any, task_vars: t.Mapping[str, t.Any] | None, result: dict[str, t.Any]) -> None:
    """Hide a result that carries a secret or stands beside one, and say in a line each what is hidden."""
    revealing = _parts_with_a_value(result)
    if not (revealing or _holds_a_secret(items_of(task, task_vars)) or _holds_a_secret(result)):
        return
    result["_ansible_no_log"] = True
    # ansible-core before 2.19 shows the items of a loop unless the task says so too.
    task.no_log = True
    for part in revealing:
        key = part.get("api_key") or {}
        line = f"API key {key.get('id')} ({key.get('name')}) of {key.get('created_at')}"
        say(f"{line}: its value is in the result, hidden here")
    if result.get("failed") and (revealing or not SHOWS_HIDDEN_MESSAGES):
        say(str(result.get("msg")))


def hide_task_if_item_is_secret(task: t.Any, task_vars: t.Mapping[str, t.Any] | None) -> None:
    """Hide whatever becomes of one item of a loop over secrets, also when the task is stopped by Ansible itself."""
    if _holds_a_secret(items_of(task, task_vars)):
        task.no_log = True


def items_of(task: t.Any, task_vars: t.Mapping[str, t.Any] | None) -> list[t.Any]:
    """What Ansible shows beside the result of one item of a loop, the item first; empty when there is no loop."""
    if not (getattr(task, "loop", None) or getattr(task, "loop_with", None)):
        return []
    control = getattr(task, "loop_control", None)
    names = [getattr(control, "loop_var", None) or "item", *OF_A_LOOP]
    return [(task_vars or {}).get(name) for name in names]


def _parts_with_a_value(result: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The result itself, and those of its `outcomes`, that carry a secret."""
    parts = [result, *(result.get("outcomes") or [])]
    return [part for part in parts if any(part.get(member) for member in SECRET_MEMBERS)]


def _holds_a_secret(value: t.Any) -> bool:
    if is_free_of_all(value):
        return False
    # Joined by what no secret holds: an account has 40,000 keys to show, and one search is faster than many.
    text = "\0".join(texts_in(value, names=True))
    return scrub(text) != text
