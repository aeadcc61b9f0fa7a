# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which files go away with an AWX job."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.awx_project_folder import throw_away_file

IN_AWX = {"AWX_PRIVATE_DATA_DIR": "/tmp/awx_7_x"}


@pytest.mark.parametrize(
    ("path", "environ", "goes"),
    [
        ("/runner/project/secrets.yml", {}, True),
        ("/runner/project/group_vars/../secrets.yml", {}, True),
        ("/runner/projects/secrets.yml", {}, False),
        ("/runner/secrets.yml", {}, False),
        ("/runner/secrets.yml", IN_AWX, True),
        ("/tmp/awx_7_x/project/secrets.yml", IN_AWX, True),
        ("/tmp/awx_7_x/project/secrets.yml", {"AWX_PRIVATE_DATA_DIR": ""}, False),
        ("/srv/secrets.yml", IN_AWX, False),
    ],
)
def test_a_file_below_a_folder_of_the_job_goes_away(path: str, environ: dict[str, str], goes: bool) -> None:
    assert throw_away_file(["/srv/other.yml", path], environ) == (path if goes else None)


def test_a_link_out_of_the_project_lasts_and_one_into_it_does_not(tmp_path: Path) -> None:
    job, outside = tmp_path / "job", tmp_path / "outside"
    job.mkdir()
    outside.mkdir()
    (job / "out.yml").symlink_to(outside / "secrets.yml")
    (outside / "in.yml").symlink_to(job / "secrets.yml")
    environ = {"AWX_PRIVATE_DATA_DIR": str(job)}

    assert throw_away_file([str(job / "out.yml")], environ) is None
    assert throw_away_file([str(outside / "in.yml")], environ) == str(outside / "in.yml")
