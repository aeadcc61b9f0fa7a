# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the work of a module is done, what it finds there, and what the action shows of its result."""

from __future__ import annotations

import os
import sys
import types
import typing as t
import warnings

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.cloudkeys.ibmcloud.plugins.action import (
    iam_api_key,
    iam_api_key_bulk,
    iam_api_key_rotation,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect, register_secret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils import _in_process
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import plain
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import IamControllerAction, InProcessAction

SPEC = {
    "argument_spec": {
        "name": {"type": "str"},
        "password": {"type": "str", "no_log": True, "aliases": ["pass_word"]},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "count": {"type": "int"},
    }
}
AS_MODULE = {"changed": False, "ran": "as a module"}


class Elsewhere(NormalAction):
    """Stands in for the way to a module process, and what a module tells."""

    told = AS_MODULE

    def run(self, tmp=None, task_vars=None):
        return dict(self.told)


class Probe(InProcessAction, Elsewhere):
    spec = SPEC
    do_work = staticmethod(lambda params, check_mode: {"changed": False, "ran": "in process"})


@pytest.fixture(autouse=True)
def _quiet_surroundings(monkeypatch):
    monkeypatch.delenv("CLOUDKEYS_IN_PROCESS", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.fixture
def act(tmp_path):
    """Run an action with light stand-ins for what ansible-core hands in; `act.task` is the last task."""

    def act(kind=Probe, work=None, args=None, transport="local", become=None, environment=(), templar=None, **task):
        task_vars = task.pop("task_vars", {})
        task = {
            "action": "ns.name.probe",
            "async_val": 0,
            "check_mode": False,
            "register": "it",
            "no_log": False,
            **task,
        }
        act.task = types.SimpleNamespace(args=args or {}, environment=list(environment), **task)
        shell = types.SimpleNamespace(env_prefix=lambda **variables: "")
        act.play_context = types.SimpleNamespace(no_log=False)
        connection = types.SimpleNamespace(
            transport=transport, become=become, _shell=shell, _play_context=act.play_context
        )
        loader = types.SimpleNamespace(get_basedir=lambda: str(tmp_path))
        templar = templar or types.SimpleNamespace(template=lambda value: value)
        probe = kind(act.task, connection, None, loader, templar, None)
        if work:
            probe.do_work = work
        return probe.run(task_vars=task_vars)

    return act


def raising(error):
    def work(params, check_mode):
        raise error

    return work


@pytest.mark.parametrize(
    ("surroundings", "where"),
    [
        ({}, "in process"),
        ({"transport": "ssh"}, "as a module"),
        ({"transport": "docker"}, "as a module"),
        ({"become": object()}, "as a module"),
        ({"async_val": 60}, "as a module"),
    ],
)
def test_only_a_plain_local_task_runs_here(act, surroundings, where):
    assert act(**surroundings)["ran"] == where


@pytest.mark.parametrize(("switch", "where"), [("0", "as a module"), ("1", "in process"), ("", "in process")])
def test_the_switch_turns_it_off(act, monkeypatch, switch, where):
    monkeypatch.setenv("CLOUDKEYS_IN_PROCESS", switch)

    assert act()["ran"] == where


def test_macos_kills_forked_workers_so_there_a_module_runs(act, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert act()["ran"] == "as a module"


def test_without_requests_the_target_may_still_have_it(act, monkeypatch):
    monkeypatch.setattr(_in_process, "REQUESTS_IMPORT_ERROR", "ImportError")

    assert act()["ran"] == "as a module"


def test_what_runs_on_the_controller_only_says_that_requests_is_missing(act, monkeypatch):
    class OnController(IamControllerAction):
        spec = SPEC

    monkeypatch.setattr(_in_process, "REQUESTS_IMPORT_ERROR", "ImportError")
    result = act(OnController, transport="ssh", become=object())

    assert result["failed"]
    assert "requests" in result["msg"]


def test_the_tasks_environment_and_the_playbooks_folder_hold_during_the_work_only(act, tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "before")
    monkeypatch.delenv("ADDED", raising=False)
    saved, folder = dict(os.environ), os.getcwd()
    seen = {}

    def work(params, check_mode):
        seen.update(kept=os.environ["KEPT"], added=os.environ["ADDED"], folder=os.getcwd())
        os.environ["LEFT_BEHIND"] = "x"
        os.chdir("/")
        return {"changed": False}

    act(work=work, environment=[{"KEPT": "play", "ADDED": 5}, {"KEPT": "task"}])

    assert seen == {"kept": "task", "added": "5", "folder": str(tmp_path)}
    assert (dict(os.environ), os.getcwd()) == (saved, folder)


def test_nothing_the_work_prints_reaches_the_terminal(act, capfd):
    def work(params, check_mode):
        print("s3cret")
        print("s3cret", file=sys.stderr)
        warnings.warn("s3cret", stacklevel=1)
        return {"changed": False}

    act(work=work)

    assert "s3cret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_work_gets_checked_options_and_check_mode(act, check_mode):
    result = act(work=lambda *received: {"received": received}, args={"count": "5"}, check_mode=check_mode)

    assert result["received"] == [{"name": None, "password": None, "state": "present", "count": 5}, check_mode]


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"nme": "x"}, "Unsupported parameters for (ns.name.probe) module: nme."),
        ({"state": "gone"}, "value of state must be one of: present, absent, got: gone"),
        ({"count": "many"}, "argument 'count' is of type"),
    ],
)
def test_bad_options_are_reported_as_a_module_does(act, args, text):
    result = act(args=args)

    assert (result["failed"], result["changed"]) == (True, False)
    assert text in result["msg"]


def test_a_secret_option_is_taken_out_of_every_text(act):
    args = {"password": "opt10n-s3cret", "name": "n"}
    result = act(work=lambda *_: {"a": "x opt10n-s3cret", "b": ["opt10n-s3cret"]}, args=args)
    refused = act(args={**args, "state": "opt10n-s3cret"})

    assert "opt10n-s3cret" not in repr([result, refused])
    assert refused["failed"]


# ansible-core 2.22 and newer masks what is shown, and leaves the result as it is.
SHORT = pytest.param("s3c", "x s3c", marks=pytest.mark.skipif(register_secret is not None, reason="see above"))


@pytest.mark.parametrize(("password", "text"), [SHORT, ('s3c"ret-x', 'x s3c\\"ret-x')])
def test_a_short_secret_option_and_a_quoted_one_are_taken_out_too(act, password, text):
    assert "s3c" not in repr(act(work=lambda *_: {"a": text}, args={"password": password}))


def test_an_option_given_twice_is_warned_about(act):
    result = act(args={"password": "first-value", "pass_word": "second-value"})

    assert result["warnings"] == ["Both option password and its alias pass_word are set."]


@pytest.mark.parametrize("error", [SystemExit("s3cret"), OSError("s3cret"), AssertionError("s3cret")])
def test_an_action_returns_a_failure_and_never_raises(act, error):
    folder = os.getcwd()
    result = act(work=raising(error))

    assert (result["failed"], result["changed"]) == (True, False)
    assert f"Unexpected {type(error).__name__}" in result["msg"]
    assert "s3cret" not in repr(result)
    assert os.getcwd() == folder


def test_an_environment_that_cannot_be_filled_in_fails_the_task_and_nothing_else(act):
    def template(value):
        raise AnsibleError("'nothing' is undefined")

    result = act(environment=[{"A": "{{ nothing }}"}], templar=types.SimpleNamespace(template=template))

    assert (result["failed"], result["changed"]) == (True, False)
    assert "'nothing' is undefined" in result["msg"]


@pytest.mark.parametrize("args", [{"name": object()}, {"name": {1, 2}}, {"name": b"\xff"}])
def test_odd_arguments_end_in_a_result(act, args):
    assert "ran" in act(args=args) or act(args=args)["failed"]


def test_the_playbooks_folder_may_be_gone(act, tmp_path):
    tmp_path.rmdir()
    folder = os.getcwd()

    assert act()["failed"]
    assert os.getcwd() == folder


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_a_fresh_value_is_hidden_whichever_way_it_came(act, transport):
    class Finding(Probe):
        told: t.ClassVar = {"changed": True, "key_value": "fresh-s3cret", "api_key": {"id": "ApiKey-1", "name": "n"}}

    result = act(Finding, work=lambda *_: dict(Finding.told), transport=transport)

    assert result["_ansible_no_log"] is True
    assert act.task.no_log is True
    assert result["key_value"] == "fresh-s3cret"


def test_a_result_without_a_value_stays_readable(act):
    assert "_ansible_no_log" not in act()
    assert act.task.no_log is False


def test_data_stays_as_it_is_for_whoever_registers_it_and_is_shown_otherwise(act):
    odd, shown = "a\x9b31m\u202e\nb", "a\\x9b31m\\u202e\nb"

    def work(params, check_mode):
        return {"changed": False, "api_key": {"name": odd}, "names": [odd], "msg": odd}

    told = [act(work=work, register=name) for name in ("it", None)]

    assert [each["api_key"]["name"] for each in told] == [odd, shown]
    assert [each["names"] for each in told] == [[odd], [shown]]
    assert [each["msg"] for each in told] == ["a\\x9b31m\\u202e\\nb"] * 2


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize("option", ["state", "count", "nme"])
def test_a_key_in_the_wrong_option_is_not_quoted(act, option, transport):
    result = act(args={option: "a-key-of-44-characters-in-the-wrong-option"}, transport=transport)

    assert result["failed"]
    assert option in result["msg"]
    assert "44" not in result["msg"]


@pytest.mark.parametrize("transport", ["local", "ssh"])
def test_the_item_of_a_loop_over_secrets_is_hidden_with_its_result(act, transport):
    args = {"password": "loop-s3cret"}
    item = {"name": "n", **args}
    result = act(args=args, transport=transport, loop=[item], task_vars={"item": item})

    assert (result["_ansible_no_log"], act.task.no_log) == (True, True)


def test_what_an_action_protects_first_is_hidden_also_when_it_refuses_the_task(act):
    class Careful(Probe):
        def protect_arguments(self):
            protect(self._task.args["password"])

        def refuse(self):
            return "no loop-s3cret here"

    args = {"password": "loop-s3cret"}
    result = act(Careful, args=args, loop=[args], task_vars={"item": args})

    assert (result["failed"], result["_ansible_no_log"], act.task.no_log) == (True, True, True)
    assert "loop-s3cret" not in repr(result)


@pytest.mark.parametrize(
    "task",
    [
        {"loop": ["x"], "task_vars": {"item": "x"}},
        {"loop": None, "task_vars": {"item": "loop-s3cret"}},
        {
            "loop": ["x"],
            "loop_control": types.SimpleNamespace(loop_var="each"),
            "task_vars": {"each": "x", "item": "loop-s3cret"},
        },
        {"loop": ["x"], "task_vars": {"item": {(1, 2): "x"}}},
    ],
)
def test_other_loops_stay_readable(act, task):
    assert "_ansible_no_log" not in act(args={"password": "loop-s3cret"}, **task)


def test_what_a_broken_module_wrote_is_hidden_when_it_may_hold_a_value(act):
    class Broken(KeyAction):
        told: t.ClassVar = {
            "failed": True,
            "module_stdout": '{"key_value": "fresh-val',
            "module_stderr": "Traceback opt10n-s3cret",
        }

    args = {"name": "n", "api_key": "opt10n-s3cret"}
    result = act(Broken, args={**args, "reveal": True}, transport="ssh")

    assert "fresh" not in repr(result)
    assert "opt10n" not in repr(result)
    assert "fresh" in act(Broken, args=args, transport="ssh")["module_stdout"]


class KeyAction(iam_api_key.ActionModule, Elsewhere):
    """iam_api_key, with its way to a module process cut off."""


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize("reveal", [True, "yes", "true", 1])
def test_reveal_without_register_is_refused_before_anything_is_sent(act, transport, reveal):
    def work(params, check_mode):
        raise AssertionError("the work was done")

    args = {"name": "n", "reveal": reveal}
    result = act(KeyAction, work=work, args=args, transport=transport, register=None)

    assert result["failed"]
    assert "registers nothing" in result["msg"]
    assert act(KeyAction, work=lambda *_: {"fine": True}, args=args, transport="local")["fine"]


@pytest.mark.parametrize(("reveal", "is_quiet"), [(True, True), ("yes", True), (False, False), (None, False)])
def test_a_connection_shows_nothing_of_a_module_that_may_return_a_value(act, reveal, is_quiet):
    act(KeyAction, args={"name": "n", "reveal": reveal}, transport="ssh")

    assert act.play_context.no_log is is_quiet


def test_a_connection_shows_nothing_of_a_module_that_was_given_what_is_hidden(act):
    """A module tells its arguments, and a connection of SSH shows that at -vvv before anybody can hide it."""

    class Vaulted(Probe):
        def is_given_what_is_vaulted(self):
            return True

    act(Vaulted, transport="ssh")
    assert act.play_context.no_log is True

    item = {"password": "loop-s3cret"}
    act(args=item, transport="ssh", loop=[item], task_vars={"item": item})
    assert act.play_context.no_log is True

    act(args=item, transport="ssh")
    assert act.play_context.no_log is False


@pytest.mark.parametrize("fails", [True, False])
def test_the_values_of_several_outcomes_are_hidden_also_when_one_of_them_failed(act, capsys, fails):
    parts = [
        {
            "key_value": "fresh-s3cret",
            "api_key": {"id": "ApiKey-of-several", "name": "n", "created_at": "2026-03-04T09:15+0000"},
        },
        {"failed": fails, "msg": "why", "api_key": None},
    ]
    failure = {"failed": True, "msg": "1 API keys failed"} if fails else {}
    result = act(work=lambda *_: {"changed": True, "outcomes": parts, **failure})

    assert result["_ansible_no_log"] is True
    assert result["outcomes"][0]["key_value"] == "fresh-s3cret"
    assert capsys.readouterr().out.splitlines() == [
        "API key ApiKey-of-several (n) of 2026-03-04T09:15+0000: its value is in the result, hidden here",
        *(["1 API keys failed"] if fails else []),
    ]


class BulkAction(iam_api_key_bulk.ActionModule, Elsewhere):
    """iam_api_key_bulk, with its way to a module process cut off."""


@pytest.mark.parametrize(
    ("keys", "reveals"),
    [
        ([{"name": "a"}, {"name": "b", "reveal": "yes"}], True),
        ([{"name": "a", "reveal": False}, {"name": "b"}], False),
        ([], False),
        (None, False),
        ("text", False),
        (["text"], False),
    ],
)
def test_one_key_of_many_that_reveals_is_enough_to_need_register(act, keys, reveals):
    result = act(BulkAction, work=lambda *_: {"changed": False}, args={"keys": keys}, register=None)

    assert ("registers nothing" in result.get("msg", "")) is reveals
    act(BulkAction, args={"keys": keys}, transport="ssh")
    assert act.play_context.no_log is reveals
    assert BulkAction._supports_async is False


@pytest.mark.parametrize("args", [{"name": "n"}, {"name": "n", "reveal": False}, {"name": "n", "reveal": "no"}])
def test_without_reveal_nothing_needs_to_be_registered(act, args):
    assert act(KeyAction, work=lambda *_: {"fine": True}, args=args, register=None)["fine"]


@pytest.mark.parametrize("action", [iam_api_key, iam_api_key_rotation])
@pytest.mark.parametrize("args", [{"name": "n", "reveal": True}, {"name": "n"}])
def test_async_is_refused_where_a_value_is_handled(act, action, args):
    def work(params, check_mode):
        raise AssertionError("the work was done")

    result = act(action.ActionModule, work=work, args=args, async_val=60)

    assert (result["failed"], result["changed"]) == (True, False)
    assert "async is not supported" in result["msg"]


def test_plain_values_have_pythons_own_types():
    class Text(str):
        """Like a value from a playbook."""

    (value,) = plain([Text("x")])

    assert value.__class__ is str
