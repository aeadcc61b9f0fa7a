# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells what a vault file holds, without a value. It works on the controller, where the vault secrets are."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, VaultFile

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "try_decrypt": {"type": "bool", "default": True},
    },
}


class ActionModule(ActionBase):
    """A task that never talks to its host, and never changes anything."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task; never raises, because a worker that dies ends the whole run."""
        return outcome(self._run, self._task.args, self._task.check_mode)

    def _run(self, task_args: dict[str, t.Any], _check_mode: bool) -> dict[str, t.Any]:
        checked = check_arguments(SPEC, task_args, self._task.action)
        if checked.problem:
            return {"failed": True, "changed": False, "msg": checked.problem}
        options = checked.options
        file = VaultFile(str(self._loader.path_dwim(options["path"])), Cipher.of_this_run(self._loader))
        try:
            return _told(file, options["try_decrypt"])
        except VaultFileError as error:
            return {"failed": True, "changed": False, "msg": str(error)}


def _told(file: VaultFile, tries: bool) -> dict[str, t.Any]:
    snapshot = file.read()
    contents = file.contents(snapshot, tries=tries)
    variables = [
        {
            "name": list(entry.path),
            "line": entry.line,
            # Everything in a file that is encrypted as a whole is under its id.
            "vault_ids": list(dict.fromkeys([*filter(None, [contents.label]), *entry.labels])),
            "decryptable": entry.is_decryptable,
        }
        for entry in contents.entries
    ]
    return {
        "changed": False,
        "path": snapshot.path,
        "exists": snapshot.exists,
        "layout": snapshot.layout if snapshot.exists else None,
        "revision": snapshot.revision,
        "vault_ids": contents.labels,
        "decryptable": contents.is_decryptable,
        "vars": variables,
    }
