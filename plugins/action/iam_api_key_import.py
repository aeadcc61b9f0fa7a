# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import plain
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.given import protect_given
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.import_task import (
    SPEC,
    Controller,
    import_keys,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import ChangedMeanwhile


class ActionModule(IamControllerAction):
    """Runs on the controller: that is where the values, the vault secrets and the files are."""

    spec = SPEC

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task; every result says whether it failed because somebody else changed a file."""
        return {"conflict": False, **super().run(tmp, task_vars)}

    def _protect_first(self, task_vars: dict[str, t.Any] | None) -> None:
        super()._protect_first(task_vars)
        try:
            protect_given(self._task.args.get("values"), protect)
        except Exception:
            # Nobody knows what is secret here, so nothing is shown.
            self._task.no_log = True

    def hidden_in_arguments(self) -> t.Iterable[str]:
        return texts_in(plain(self._task.args.get("values")))

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        controller = Controller(Cipher.of_this_run(self._loader), os.environ, self.absolute_path, protect)
        try:
            return import_keys(params, client_for(params), controller, check_mode=check_mode)
        except ChangedMeanwhile as error:
            return {"failed": True, "changed": False, "conflict": True, "msg": str(error)}
