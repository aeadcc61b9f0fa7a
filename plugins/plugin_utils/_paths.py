# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a relative path on the controller begins; the one rule for actions and lookups."""

from __future__ import annotations

import os
import typing as t


def folder_of_relative_paths(loader: t.Any, started_in: str) -> str:
    """The folder of the playbook; the one where Ansible was started when that is inside an installed collection."""
    folder = str(loader.get_basedir())
    return started_in if "ansible_collections" in folder.split(os.sep) else os.path.abspath(folder)


def absolute_path(path: str, folder: str) -> str:
    """The path in its plain form; `folder` is that of relative paths."""
    return os.path.abspath(os.path.join(folder, path))
