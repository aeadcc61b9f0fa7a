# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key import SPEC, run
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    work = staticmethod(run)
    spec = SPEC
    # A result of an async task is kept on disk and shown; a fresh value must not be in it.
    _supports_async = False

    def may_return_a_value(self) -> bool:
        return bool(boolean(str(self._task.args.get("reveal")), strict=False))

    def refuse(self) -> str | None:
        if self.may_return_a_value() and not self._task.register:
            return (
                "`reveal: true` returns the value to `register`, but this task registers nothing: the value would be "
                "lost. Add `register`, or use `file` (an ad-hoc call can only use `file`). No key was created"
            )
        return None
