# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_service_id import SPEC, run
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import MakingAction


class ActionModule(MakingAction):
    do_work = staticmethod(run)
    spec = SPEC
