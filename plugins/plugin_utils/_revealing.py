# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An action whose result may carry the value of a key: only into `register`, never into the background."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import InProcessAction


class RevealingAction(InProcessAction):
    """Looks for `reveal: true` in the options that describe keys."""

    # A result of an async task is kept on disk and shown; a fresh value must not be in it.
    _supports_async = False

    def described_keys(self) -> list[t.Any]:
        """The options of each key of the task."""
        return [self._task.args]

    def may_return_a_value(self) -> bool:
        asked = [options.get("reveal") for options in self.described_keys() if isinstance(options, dict)]
        return any(boolean(reveal or False, strict=False) for reveal in asked)

    def refuse(self) -> str | None:
        if self.may_return_a_value() and not self._task.register:
            return (
                "`reveal: true` returns the value to `register`, but this task registers nothing: the value would be "
                "lost. Add `register`, or use `file` (an ad-hoc call can only use `file`). No key was created"
            )
        return None
