# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does a module's work inside Ansible's own process where that is safe, and hides a fresh secret either way.

The work is the same function that the module runs. In process no secret lies in a module payload on disk, and a local
task costs a tenth. An action is also the only place that can hide a result which carries a secret.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import typing as t
import warnings

from ansible.errors import AnsibleError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import REQUESTS_IMPORT_ERROR
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import SECRET_MEMBERS, outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import (
    protect,
    scrub,
    without_no_log_values,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import Checked, check_arguments, plain
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._hiding import hide, hide_if_item_is_secret

SWITCH = "CLOUDKEYS_IN_PROCESS"

display = Display()


class InProcessAction(NormalAction):
    """An action plugin of the same name as a module; a subclass names the module's work and argument spec."""

    # The module's own function as a staticmethod of the type Work, or a method.
    do_work: t.Any
    spec: t.ClassVar[dict[str, t.Any]]
    # There is no module of this name that could do the work elsewhere.
    runs_on_controller = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task, here or as a module; never raises, because a worker that dies ends the whole run."""
        why_not = self._why_not_here()
        how = f"as a module: {why_not}" if why_not else "in process"
        display.vvv(f"{self._task.action} runs {how}")
        refusal = self._refuse_async() or self.refuse()
        if not refusal and not why_not and REQUESTS_IMPORT_ERROR:
            refusal = missing_required_lib("requests")
        if refusal:
            return {"failed": True, "changed": False, "msg": refusal}
        if why_not:
            result = self._run_as_a_module(tmp, task_vars)
        else:
            result = outcome(self._run_here, {}, self._task.check_mode)
        hide_if_item_is_secret(self._task, task_vars, result)
        if _parts_with_a_value(result):
            hide(self._task, result)
            _say_what_is_hidden(result)
        return result

    def _run_as_a_module(self, tmp: t.Any, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        """Ship the module. Its arguments are checked before, since a module quotes what it does not understand."""
        checked = self._check_arguments()
        if checked.problem:
            return {"failed": True, "changed": False, "msg": checked.problem}
        if self.may_return_a_value():
            # At -vvv the ssh connection of ansible-core shows what a module wrote. Whether it may, it asks its own copy
            # of the play's context, not the task.
            self._connection._play_context.no_log = True
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        if self.may_return_a_value() and "module_stdout" in result:
            # What a module wrote that is no result may be one that was cut off.
            result["module_stdout"] = "hidden, because it may hold the value"
        for name in {"module_stdout", "module_stderr", "exception"} & result.keys():
            result[name] = scrub(str(result[name]))
        return result

    def _run_here(self, _params: dict[str, t.Any], _check_mode: bool) -> dict[str, t.Any]:
        """Do the work in this process, with the same argument checks, environment and folder as a module.

        What fails around it is a result too: a variable in `environment` that is not defined, for instance.
        """
        try:
            with self._like_a_module():
                checked = self._check_arguments()
                if checked.problem:
                    result: dict[str, t.Any] = {"failed": True, "changed": False, "msg": checked.problem}
                else:
                    result = outcome(self.do_work, checked.options, self._task.check_mode)
        except AnsibleError as error:
            raise TaskRefused(str(error)) from None
        result.update(checked.notes)
        return t.cast("dict[str, t.Any]", without_no_log_values(plain(result), checked.secrets))

    def _refuse_async(self) -> str | None:
        if self._supports_async or not self._task.async_val:
            return None
        return "async is not supported; such a task leaves its result in a file. Nothing was done"

    def refuse(self) -> str | None:
        """Why the task is not done at all, before anything is looked at; None to go on."""
        return None

    def may_return_a_value(self) -> bool:
        """Whether the result may carry a secret, as far as can be told before."""
        return False

    def _why_not_here(self) -> str | None:
        if self.runs_on_controller:
            return None
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

    def _check_arguments(self) -> Checked:
        checked = check_arguments(self.spec, self._task.args, self._task.action)
        for secret in checked.secrets:
            protect(secret)
        return checked

    @contextlib.contextmanager
    def _like_a_module(self) -> t.Iterator[None]:
        """The task's environment and the playbook's folder; nothing on the terminal."""
        task_environment: dict[str, t.Any] = {}
        saved, folder = dict(os.environ), os.getcwd()
        self.started_in = folder
        self._compute_environment_string(task_environment)
        try:
            os.environ.update({name: str(value) for name, value in task_environment.items()})
            os.chdir(self._loader.get_basedir())
            quiet = io.StringIO()
            with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            os.environ.clear()
            os.environ.update(saved)
            os.chdir(folder)


def _parts_with_a_value(result: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The result itself, and those of its `outcomes`, that carry a secret."""
    parts = [result, *(result.get("outcomes") or [])]
    return [part for part in parts if any(part.get(member) for member in SECRET_MEMBERS)]


def _say_what_is_hidden(result: dict[str, t.Any]) -> None:
    """One line for each value, and why the task failed: ansible-core before 2.19 hides the message too."""
    for part in _parts_with_a_value(result):
        key = part.get("api_key") or {}
        line = f"API key {key.get('id')} ({key.get('name')}) of {key.get('created_at')}"
        display.display(f"{scrub(line)}: its value is in the result, hidden here")
    if result.get("failed"):
        display.display(scrub(str(result.get("msg"))))
