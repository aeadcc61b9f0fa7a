# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import ControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.report_task import SPEC, report


class ActionModule(ControllerAction):
    """Runs on the controller: that is where the record goes, or is pushed from. It asks IBM Cloud nothing."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        for holder, name in (
            ({} if params["git"] else params, "folder"),
            (params, "local_folder"),
            (params["git"] or {}, "ssh_key_file"),
            (params["git"] or {}, "known_hosts_file"),
        ):
            if holder.get(name):
                holder[name] = self.absolute_path(holder[name])
        return report(params, Surroundings(os.environ, protect, time.sleep), check_mode=check_mode)
