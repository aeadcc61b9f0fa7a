# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all actions of the collection do around their work: check, work in Ansible's own process, hide, never raise."""

from __future__ import annotations

import contextlib
import io
import os
import typing as t
import warnings

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import (
    failure_of,
    outcome,
    refused,
    scrub_messages,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import (
    doubtful_texts,
    hidden_in_addresses,
    of_the_task,
    parts_of_a_secret,
    secret_texts,
    texts_like_a_value,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import (
    conceal,
    protect,
    without_no_log_values,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import with_shown_texts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils import _paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import Checked, check_arguments, plain
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._gathered import why_facts_are_dangerous
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._hiding import (
    hide_if_secret,
    hide_task_if_item_is_secret,
    items_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._terminal import say_in_detail, warn
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vaulted import vaulted_texts


class CollectionAction(NormalAction):
    """A subclass names its argument spec and does its work in `do_work`."""

    spec: t.ClassVar[dict[str, t.Any]]
    # The work itself, a method or a staticmethod of the type Work; it gets checked options and raises CloudkeysError.
    do_work: t.Any

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task; never raises, because a worker that dies ends the whole run."""
        # What the arguments tell must be protected before anything else: every output below may hold it.
        self._protect_first(task_vars)
        result = self._refused_or_done_elsewhere(tmp, task_vars)
        if result is None:
            result = outcome(self._run_here, {}, self._task.check_mode)
        if result.get("failed") or result.get("unreachable"):
            self._conceal_what_may_be_secret()
        scrub_messages(result)
        hide_if_secret(self._task, task_vars, result)
        if not getattr(self._task, "register", None):
            # Nobody takes data from it, so all of it is for people.
            result = with_shown_texts(result)
        return result

    def _protect_first(self, task_vars: dict[str, t.Any] | None) -> None:
        """Protect what is secret in the raw arguments, whatever their types, and in the item of a loop."""
        try:
            secrets = set(secret_texts(self.spec["argument_spec"], self._task.args))
            for text in secrets:
                protect(text)
            items = items_of(self._task, task_vars)
            for text in (
                *vaulted_texts([self._task.args, *items]),
                *parts_of_a_secret(items, secrets),
                *hidden_in_addresses([self._task.args, *items]),
                *self._secrets_of_other_items(items),
            ):
                conceal(text)
            hide_task_if_item_is_secret(self._task, task_vars)
            self._warn_of_facts(task_vars)
        except Exception:
            # Nobody knows what is secret here, so nothing is shown.
            self._task.no_log = True

    def _warn_of_facts(self, task_vars: dict[str, t.Any] | None) -> None:
        """Say it where the credential of this run was gathered; Ansible shows the same warning once."""
        secrets = frozenset(secret_texts(self.spec["argument_spec"], self._task.args))
        warning = why_facts_are_dangerous(task_vars, os.environ, secrets)
        if warning:
            warn(warning)

    def _secrets_of_other_items(self, items: list[t.Any]) -> t.Iterator[str]:
        """With `extended` an item is shown with those that come later, which are known by their names and looks."""
        for shown in items:
            of_loop = [shown, *shown.values()] if isinstance(shown, t.Mapping) else [shown]
            for item in (each for part in of_loop for each in (part if isinstance(part, (list, tuple)) else [part])):
                yield from secret_texts(self.spec["argument_spec"], item)
        yield from texts_like_a_value(items[1:])

    def _conceal_what_may_be_secret(self) -> None:
        """A task that failed may have been given a secret in a place where nobody looks for one."""
        args = of_the_task(self._task.args)
        try:
            for text in (
                *doubtful_texts(self.spec["argument_spec"], args),
                *texts_like_a_value(args),
                *self.hidden_in_arguments(),
            ):
                conceal(text)
        except Exception:
            self._task.no_log = True

    def _refused_or_done_elsewhere(self, tmp: t.Any, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
        """The result, if it is not got in this process; what Ansible raises on its way to a host is one too."""
        try:
            say_in_detail(f"{self._task.action} runs {self.place()}")
            refusal = self._refuse_async() or self.refuse()
            return refused(refusal) if refusal else self.run_elsewhere(tmp, task_vars)
        except AnsibleConnectionFailure as error:
            return {**refused(str(error)), "failed": False, "unreachable": True}
        except AnsibleError as error:
            return refused(str(error))
        except Exception as error:
            return failure_of(error)

    def place(self) -> str:
        """Where the work is done, for -vvv."""
        return "in process"

    def refuse(self) -> str | None:
        """Why the task is not done at all, before anything is looked at; None to go on."""
        return None

    def run_elsewhere(self, _tmp: t.Any, _task_vars: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
        """Get the work done by another process; None when it is to be done in this one."""
        return None

    def cautions(self, _options: dict[str, t.Any]) -> list[str]:
        """What the user should know of these options, though the task is done."""
        return []

    def hidden_in_arguments(self) -> t.Iterable[str]:
        """What a message on bad arguments must not quote, however short it is; `no_log` options need no mention."""
        return ()

    def is_given_what_is_vaulted(self) -> bool:
        """Whether an option holds what was vaulted and is not masked as a secret, so that a module would tell it."""
        secrets = set(secret_texts(self.spec["argument_spec"], self._task.args))
        return any(text not in secrets for text in vaulted_texts(self._task.args))

    def turn(self) -> t.ContextManager[None]:
        """What to wait for before the work."""
        return contextlib.nullcontext()

    def check_arguments(self) -> Checked:
        """Check the arguments of the task, and protect those that are marked as secret."""
        checked = check_arguments(self.spec, self._task.args, self._task.action, self.hidden_in_arguments())
        for secret in checked.secrets:
            protect(secret)
        return checked

    def _run_here(self, _params: dict[str, t.Any], _check_mode: bool) -> dict[str, t.Any]:
        """Do the work in this process, with the same argument checks, environment and folder as a module.

        What fails around it is a result too: a variable in `environment` that is not defined, for instance.
        """
        cautions: list[str] = []
        try:
            with self.turn(), self._like_a_module():
                checked = self.check_arguments()
                if checked.problem:
                    result = refused(checked.problem)
                else:
                    cautions = self.cautions(checked.options)
                    result = outcome(self.do_work, checked.options, self._task.check_mode)
        except AnsibleError as error:
            raise TaskRefused(" ".join(str(error).split())) from None
        result.update({name: [*texts, *result.get(name, [])] for name, texts in checked.notes.items()})
        if cautions:
            # Ansible shows a text once a run, however many tasks, hosts and items tell it.
            result["warnings"] = [*result.get("warnings", []), *cautions]
        return t.cast("dict[str, t.Any]", without_no_log_values(plain(result), checked.secrets))

    def _refuse_async(self) -> str | None:
        if self._supports_async or not self._task.async_val:
            return None
        return "async is not supported; such a task leaves its result in a file. Nothing was done"

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


class ControllerAction(CollectionAction):
    """Always in Ansible's own process, with files there; there is no module that could do the work elsewhere."""

    _requires_connection = False
    _supports_async = False

    def folder_of_relative_paths(self) -> str:
        return _paths.folder_of_relative_paths(self._loader, self.started_in)

    def absolute_path(self, path: str) -> str:
        return _paths.absolute_path(path, self.folder_of_relative_paths())
