# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit_task import SPEC, resolve_paths, run_audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.gather import recorded_ids
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher


class ActionModule(IamControllerAction):
    """Runs on the controller: that is where the report goes, or is pushed from."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        resolve_paths(params, self.folder_of_relative_paths())
        around = Surroundings(os.environ, protect, time.sleep)
        return run_audit(params, client_for(params), self._read_records, around, check_mode=check_mode)

    def _read_records(self, paths: t.Sequence[str]) -> frozenset[str]:
        return recorded_ids(paths, Cipher.of_this_run(self._loader))
