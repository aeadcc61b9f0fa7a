# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An action that works on the controller only, with files there."""

from __future__ import annotations

import os

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import InProcessAction


class ControllerAction(InProcessAction):
    """Always in Ansible's own process; there is no module that could do the work elsewhere."""

    _requires_connection = False
    _supports_async = False
    runs_on_controller = True

    def folder_of_relative_paths(self) -> str:
        """The folder of the playbook; the one where Ansible was started when that is inside an installed collection."""
        folder = str(self._loader.get_basedir())
        return self.started_in if "ansible_collections" in folder.split(os.sep) else os.path.abspath(folder)
