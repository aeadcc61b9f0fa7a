# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.leak_task import (
    SPEC,
    look,
    resolve_paths,
    revoke,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import slots_by_key_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher


class ActionModule(IamControllerAction):
    """Runs on the controller: that is where the texts, the vault files and the journal are."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        resolve_paths(params, self.folder_of_relative_paths())
        if params["step"] == "revoke":
            return revoke(params, client_for(params), protect, check_mode=check_mode)
        paths = params["vault_files"]
        slots = slots_by_key_id(paths, Cipher.of_this_run(self._loader)) if paths else {}
        return look(params, client_for(params), slots, protect, check_mode=check_mode)
