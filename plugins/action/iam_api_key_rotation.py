# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import pwd
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import kind_and_place
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect, scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.metrics_file import MetricsFile
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import ROTATION
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.awx_project_folder import (
    explain,
    throw_away_file,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import resolve_paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.metrics import known_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import (
    HistoryContext,
    OpenStore,
    StoreContext,
    open_store,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.progress import Progress, watch_nothing
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.report import handed_on, summary_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_task import rotate
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._terminal import is_watched, say
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher


class ActionModule(IamControllerAction):
    """Runs on the controller only: that is where the vault secrets are."""

    spec = SPEC

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task; what is handed on is known of earlier tasks, whatever becomes of this one."""
        self.host = (task_vars or {}).get("inventory_hostname", "localhost")
        result = super().run(tmp, task_vars)
        asked = self._task.args.get("hand_on")
        if not isinstance(asked, dict) or not isinstance(asked.get("name"), str):
            return result
        earlier = asked.get("earlier")
        known = handed_on(earlier if isinstance(earlier, dict) else {}, result.get("slots") or [])
        # As ansible.builtin.set_stats answers.
        stats = {"data": {asked["name"]: {self.host: summary_of(known)}}, "per_host": False, "aggregate": True}
        return {**result, "handed_on": known, "ansible_stats": stats}

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        folder = self.folder_of_relative_paths()
        resolve_paths(params, folder)
        self._refuse_what_does_not_last(params)
        if not params["metrics"]:
            return self._open_and_rotate(params, None, check_mode)
        metrics = MetricsFile(params["metrics"], folder, ROTATION, self.host, time.time)
        if check_mode:
            return self._open_and_rotate(params, None, check_mode)
        return metrics.around(lambda: self._open_and_rotate(params, metrics, check_mode), is_success=_is_success)

    def _open_and_rotate(
        self, params: dict[str, t.Any], metrics: MetricsFile | None, check_mode: bool
    ) -> dict[str, t.Any]:
        client = client_for(params)
        history = HistoryContext(client.now, scrub, _user())
        context = StoreContext(Cipher.of_this_run(self._loader), protect, _tell, os.environ, history=history)
        with open_store(params, context) as opened:
            return self._rotate(params, client, opened, metrics, check_mode)

    def _rotate(
        self,
        params: dict[str, t.Any],
        client: IamClient,
        opened: OpenStore,
        metrics: MetricsFile | None,
        check_mode: bool,
    ) -> dict[str, t.Any]:
        def measure(outcomes: t.Sequence[t.Any]) -> None:
            if metrics:
                account_id = client.caller().account_id
                is_part = params["only_leaked"] or not params["slots"]
                metrics.note(known_of(outcomes, metrics.account, account_id, is_part=is_part))

        ports = Ports(
            client=client,
            store=opened.store,
            protect=protect,
            tell=_tell if params["report"] != "none" else _tell_nobody,
            # What would happen has not happened.
            history=None if check_mode else opened.history,
            watch=_progress(params["report"]),
            measure=measure,
        )
        result = rotate(params, ports, check_mode=check_mode, unforeseen=_unforeseen)
        for shown in result["slots"]:
            shown["local_file"] = opened.path_of(shown["file"])
        return {**result, "working_copy": opened.working_copy}

    @staticmethod
    def _refuse_what_does_not_last(params: dict[str, t.Any]) -> None:
        if params["git"] or params["project_folder_lasts"]:
            return
        places = [place for slot in params["slots"] for place in (slot, *slot["copies"], slot["moved_from"] or {})]
        files = [place["file"] for place in places if place.get("file")]
        files += [params["history"]["file"]] if params["history"] else []
        going = throw_away_file(files, os.environ)
        if going:
            raise TaskRefused(explain(going))


def _is_success(result: dict[str, t.Any]) -> bool:
    """Whether a run did all that it was told: what leaked and was found nowhere may be somewhere else."""
    return not result.get("failed") and not result["not_found"]


def _tell(line: str) -> None:
    say(f"  {line}")


def _progress(report: str) -> t.Any:
    """What tells how far the work is, where a person looks at a terminal."""
    if report == "none" or not is_watched(os.environ):
        return watch_nothing
    return Progress(_tell, time.monotonic, lambda course: str(course.step.name)).watch


def _tell_nobody(_line: str) -> None:
    pass


def _user() -> str:
    """Who runs this, as the machine calls them."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _unforeseen(error: Exception) -> str:
    return f"unexpected {kind_and_place(error)}; running again is safe"
