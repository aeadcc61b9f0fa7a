# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions that talk to IBM Cloud: inside Ansible's own process where that is safe, and as a module elsewhere.

The work is the same function that the module runs. In process no secret lies in a module payload on disk, and a local
task costs a tenth. An action is also the only place that can hide a result which carries a secret.
"""

from __future__ import annotations

import os
import sys
import typing as t

from ansible import constants
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import cautions
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.wire import REQUESTS_IMPORT_ERROR
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import refused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import (
    CollectionAction,
    ControllerAction,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._turns import in_turn

SWITCH = "CLOUDKEYS_IN_PROCESS"


class _LogsIn:
    """Mixed into actions whose options say how to log in."""

    def cautions(self, options: dict[str, t.Any]) -> list[str]:
        return cautions(options, os.environ)


class InProcessAction(_LogsIn, CollectionAction):
    """An action plugin of the same name as a module; a subclass names the module's work and argument spec."""

    def place(self) -> str:
        why_not = self._why_not_here()
        return f"as a module: {why_not}" if why_not else super().place()

    def may_return_a_value(self) -> bool:
        """Whether the result may carry a secret, as far as can be told before."""
        return False

    def run_elsewhere(self, tmp: t.Any, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
        """Ship the module. Its arguments are checked before, since a module quotes what it does not understand."""
        if not self._why_not_here():
            return None
        checked = self.check_arguments()
        if checked.problem:
            return refused(checked.problem)
        if self.may_return_a_value() or self._task.no_log or self.is_given_what_is_vaulted():
            # At -vvv the ssh connection of ansible-core shows what a module wrote. Whether it may, it asks its own copy
            # of the play's context, not the task.
            self._connection._play_context.no_log = True
        # Past what CollectionAction does: this is Ansible's own way to a module.
        result: dict[str, t.Any] = super(CollectionAction, self).run(tmp, task_vars)
        if self.may_return_a_value() and "module_stdout" in result:
            # What a module wrote that is no result may be one that was cut off.
            result["module_stdout"] = "hidden, because it may hold the value"
        return result

    def _why_not_here(self) -> str | None:
        reasons = {
            "the connection is not local": self._connection.transport != "local",
            "become": self._connection.become is not None,
            "async": bool(self._task.async_val),
            "the controller lacks requests": REQUESTS_IMPORT_ERROR is not None,
            # A forked worker that does HTTP is killed by macOS (mitogen#1219, ansible#49207).
            "macOS": sys.platform == "darwin",
            f"{SWITCH}=0": os.environ.get(SWITCH) == "0",
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


class MakingAction(InProcessAction):
    """An action that looks for a name, and makes what has none: hosts that ask for the same must not all make it."""

    def turn(self) -> t.ContextManager[None]:
        # ansible-core has no types for these. The folder is of this run alone.
        return in_turn(str(t.cast(t.Any, constants).DEFAULT_LOCAL_TMP), self._task.action, self._task.args)


class RevealingAction(MakingAction):
    """An action whose result may carry the value of a key (`reveal: true`): only into `register`, never to the disk."""

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


class IamControllerAction(_LogsIn, ControllerAction):
    """An action that needs both the controller's files and IBM Cloud."""

    def refuse(self) -> str | None:
        return str(missing_required_lib("requests")) if REQUESTS_IMPORT_ERROR else None
