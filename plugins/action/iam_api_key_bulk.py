# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key_bulk import SPEC, run
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import RevealingAction


class ActionModule(RevealingAction):
    do_work = staticmethod(run)
    spec = SPEC

    def described_keys(self) -> list[t.Any]:
        keys = self._task.args.get("keys")
        return keys if isinstance(keys, list) else []
