# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import ControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.report_task import SPEC, report


class ActionModule(ControllerAction):
    """Runs on the controller: that is where the record goes. It talks to nobody."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        if params["folder"]:
            params["folder"] = self.absolute_path(params["folder"])
        return report(params, check_mode=check_mode)
