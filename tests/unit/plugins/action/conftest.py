# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs an action of the controller with light stand-ins for what ansible-core hands in."""

from __future__ import annotations

import types

import pytest


@pytest.fixture
def run_action(tmp_path):
    """Call it with the module of an action and the task's arguments; `run_action.task` is the last task."""

    def run_action(action, args, check_mode=False, async_val=0, task_vars=None, basedir=tmp_path, **task):
        run_action.task = types.SimpleNamespace(
            action="ns.name.vars",
            args=args,
            check_mode=check_mode,
            async_val=async_val,
            environment=[],
            no_log=False,
            **task,
        )
        shell = types.SimpleNamespace(env_prefix=lambda **variables: "")
        connection = types.SimpleNamespace(transport="local", become=None, _shell=shell)
        loader = types.SimpleNamespace(get_basedir=lambda: str(basedir))
        templar = types.SimpleNamespace(template=lambda value: value)
        plugin = action.ActionModule(run_action.task, connection, None, loader, templar, None)
        return plugin.run(task_vars=task_vars)

    return run_action
