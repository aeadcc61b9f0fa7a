# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells what a vault file holds, without a value. It works on the controller, where the vault secrets are."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import ControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, VaultFile

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "try_decrypt": {"type": "bool", "default": True},
    },
}


class ActionModule(ControllerAction):
    """A task that never talks to its host, and never changes anything."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        file = VaultFile(self.absolute_path(params["path"]), Cipher.of_this_run(self._loader))
        return _told(file, params["try_decrypt"])


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
