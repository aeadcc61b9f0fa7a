# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A credential of this run among the facts is told of, and not shown."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._gathered import why_facts_are_dangerous

KEY = "a-key-of-this-run"


@pytest.mark.parametrize(
    "task_vars",
    [{"ansible_facts": {"env": {"IC_API_KEY": KEY, "HOME": "/root"}}}, {"ansible_env": {"IC_API_KEY": KEY}}],
    ids=["facts", "variable"],
)
@pytest.mark.parametrize(("environ", "secrets"), [({"IBMCLOUD_API_KEY": KEY}, []), ({}, [KEY])], ids=["env", "option"])
def test_the_credential_of_this_run_is_told_of(task_vars, environ, secrets):
    told = why_facts_are_dangerous(task_vars, environ, secrets)

    assert told is not None
    assert "hold IC_API_KEY, which" in told
    assert KEY not in told


@pytest.mark.parametrize(
    "task_vars",
    [
        None,
        {},
        {"ansible_facts": None},
        {"ansible_facts": {"env": None}},
        {"ansible_facts": {"env": []}},
        {"ansible_facts": {"env": {"IBMCLOUD_API_KEY": "another", "EMPTY": ""}}},
    ],
    ids=str,
)
def test_facts_without_it_are_no_reason_to_warn(task_vars):
    assert why_facts_are_dangerous(task_vars, {"IBMCLOUD_API_KEY": KEY, "IC_API_KEY": ""}, [""]) is None
