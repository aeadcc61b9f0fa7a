# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_metrics import known_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit_task import SPEC, resolve_paths, run_audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.metrics_file import MetricsFile
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import AUDIT
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import (
    SlotsByKeyId,
    slot_labels,
    slots_by_key_id,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher


class ActionModule(IamControllerAction):
    """Runs on the controller: that is where the report goes, or is pushed from."""

    spec = SPEC

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self.host = (task_vars or {}).get("inventory_hostname", "localhost")
        return super().run(tmp, task_vars)

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        folder = self.folder_of_relative_paths()
        resolve_paths(params, folder)
        around = Surroundings(os.environ, protect, time.sleep)

        def audit(measure: t.Callable[[dict[str, t.Any], SlotsByKeyId], None] | None = None) -> dict[str, t.Any]:
            return run_audit(
                params, client_for(params), self._read_records, around, check_mode=check_mode, measure=measure
            )

        if not params["metrics"]:
            return audit()
        metrics = MetricsFile(params["metrics"], folder, AUDIT, params["account_name"] or self.host, time.time)
        if check_mode:
            return audit()

        def measure(found: dict[str, t.Any], slots: SlotsByKeyId) -> None:
            metrics.note(known_of(found, metrics.account, slot_labels(slots)))

        def is_success(result: dict[str, t.Any]) -> bool:
            # An audit that finds something has done what it is for; one whose report is nowhere has not.
            return bool(result["files"] or not (params["folder"] and params["formats"]))

        return metrics.around(lambda: audit(measure), is_success=is_success)

    def _read_records(self, paths: t.Sequence[str]) -> SlotsByKeyId:
        return slots_by_key_id(paths, Cipher.of_this_run(self._loader), "record_files")
