# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key_info import SPEC, run
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._paths import absolute_path, folder_of_relative_paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import slots_by_key_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher


class ActionModule(InProcessAction):
    """In process it can say besides which slot a key is of: the vault files are on the controller."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        if params["values_file"]:
            params["values_file"] = self._absolute(params["values_file"])
        return run(params, check_mode, slots_in=self._slots_in)

    def _slots_in(self, paths: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
        return slots_by_key_id([self._absolute(path) for path in paths], Cipher.of_this_run(self._loader))

    def _absolute(self, path: str) -> str:
        return absolute_path(path, folder_of_relative_paths(self._loader, self.started_in))
