# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a file outlives the job: AWX runs each job in a copy of the project, which it deletes at the end."""

from __future__ import annotations

import os
import typing as t

# AWX tells its folder on the node; in the container of the job that is mounted at the second place.
FOLDER_VARIABLE = "AWX_PRIVATE_DATA_DIR"
MOUNTED_AT = "/runner"


def throw_away_file(paths: t.Iterable[str], environ: t.Mapping[str, str]) -> str | None:
    """The first of these files that goes away with the job, in whose folder the only copy of a key would be lost."""
    folders = [os.path.join(MOUNTED_AT, "project")]
    if environ.get(FOLDER_VARIABLE):
        folders += [environ[FOLDER_VARIABLE], MOUNTED_AT]
    roots = [os.path.realpath(folder) + os.sep for folder in folders]
    return next((path for path in paths if os.path.realpath(path).startswith(tuple(roots))), None)


def explain(path: str) -> str:
    """What to tell about such a file."""
    return (
        f"{path} is in the project folder of this job, a copy that AWX deletes when the job ends, and the new keys "
        "would be lost with it. Nothing was changed. Keep the vault file in Git: set git (rotate_api_keys_git in the "
        "role) to its repository and a branch, and name the file relative to that. If the folder is mounted from a "
        "place that lasts, set project_folder_lasts (rotate_api_keys_project_folder_lasts)"
    )
