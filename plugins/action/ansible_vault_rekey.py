# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves vaulted values from one vault secret to another. It works on the controller, where the vault secrets are."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import BRANCH, BRANCH_RULES
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import ControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings, opened_branch
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.branch_run import BranchRekeying, Wish
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.order import Order, order_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.result import result_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.run import Rekeying
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._terminal import say
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import (
    found_files,
    refuse_outside,
    told_of_files,
)

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "paths": {"type": "list", "elements": "path", "required": True},
        "from": {"type": "list", "elements": "str"},
        "to": {"type": "str", "required": True},
        "label": {"type": "str"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "on_unreadable": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
        "lock_timeout_seconds": {"type": "float", "default": 30},
        "git": {
            "type": "dict",
            "options": {**BRANCH, "message": {"type": "str", "default": "Move to another vault password"}},
            **BRANCH_RULES,
        },
    },
}


class ActionModule(ControllerAction):
    """A task that never talks to its host."""

    spec = SPEC

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task; every result says whether it failed because somebody else changed a file."""
        return {"conflict": False, **super().run(tmp, task_vars)}

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        if not params["paths"]:
            raise TaskRefused("paths names no file, folder or pattern. Nothing was changed")
        order = order_of(Cipher.of_this_run(self._loader), params["from"], params["to"], params["label"])
        if params["git"]:
            return _in_git(params, order, check_mode)
        return self._on_disk(params, order, check_mode)

    def _on_disk(self, params: dict[str, t.Any], order: Order, check_mode: bool) -> dict[str, t.Any]:
        left: list[str] = []
        paths = [self.absolute_path(path) for path in params["paths"]]
        files = found_files(paths, params["exclude"], left.append)
        refuse_outside(files, paths)
        rekeying = Rekeying(
            order,
            skips_unreadable=_skips(params),
            lock_timeout_seconds=params["lock_timeout_seconds"],
            tell=_tell,
        )
        outcomes, is_stopped = rekeying.run(files, check_mode)
        result = result_of(outcomes, order, check_mode, is_stopped)
        return {**result, "warnings": [*result["warnings"], *told_of_files(files, left)]}


def _in_git(params: dict[str, t.Any], order: Order, check_mode: bool) -> dict[str, t.Any]:
    """Paths are those of the repository here, and nothing but its copy is on disk."""
    wish = Wish(params["paths"], params["exclude"], params["git"]["message"])
    with opened_branch(params["git"], Surroundings(os.environ, protect, time.sleep)) as branch:
        rekeying = BranchRekeying(order, branch, wish, skips_unreadable=_skips(params), tell=_tell)
        done = rekeying.run(check_mode)
    result = result_of(done.outcomes, order, check_mode, done.is_stopped)
    return {**result, "commit": done.commit, "warnings": [*result["warnings"], *done.warnings]}


def _skips(params: dict[str, t.Any]) -> bool:
    return bool(params["on_unreadable"] == "skip")


def _tell(line: str) -> None:
    say(f"  {line}")
