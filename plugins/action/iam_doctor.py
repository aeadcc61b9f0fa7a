# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import typing as t
from datetime import datetime, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor.doctor_task import SPEC, Controller, examine
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.blanks import without_blanks
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher


class ActionModule(IamControllerAction):
    """Runs on the controller: that is where the vault secrets and the files are."""

    spec = SPEC

    def leave_out_blanks(self, given: dict[str, t.Any]) -> dict[str, t.Any]:
        return without_blanks(given)

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        cipher = Cipher.of_this_run(self._loader)
        controller = Controller(
            cipher, os.environ, self.folder_of_relative_paths(), datetime.now(timezone.utc), protect
        )
        return examine(params, client_for(params), controller, check_mode=check_mode)
