# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task that is refused, or stopped on its way to a host, shows neither its secrets nor the item of its loop."""

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import conceal, protect, scrub, scrub_all
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._in_process import InProcessAction

SECRET = "s3cret-of-an-item"
SPEC = {
    "argument_spec": {
        "name": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "count": {"type": "int"},
    }
}


class Stopped(BaseException):
    """Stands in for Ansible's time-out of a task, which no action may catch."""


class Elsewhere(NormalAction):
    """Stands in for the way to a host."""

    raised: BaseException = AnsibleError("no way")

    def run(self, tmp=None, task_vars=None):
        raise self.raised


class Probe(InProcessAction, Elsewhere):
    spec = SPEC
    do_work = staticmethod(lambda params, check_mode: {"changed": False, "name": params["name"]})


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """Make an action; its `task` tells afterwards whether Ansible may show anything of it."""
    monkeypatch.delenv("CLOUDKEYS_IN_PROCESS", raising=False)

    def make(args, *, transport="local", **keywords):
        usual = {"action": "probe", "environment": [], "async_val": 0, "check_mode": False, "register": "it"}
        loop = {"loop": ["a loop"], "loop_control": types.SimpleNamespace(loop_var="item")}
        task = types.SimpleNamespace(**{"args": args, "no_log": False, **usual, **loop, **keywords})
        shell = types.SimpleNamespace(env_prefix=lambda **variables: "")
        context = types.SimpleNamespace(no_log=False)
        connection = types.SimpleNamespace(transport=transport, become=None, _shell=shell, _play_context=context)
        loader = types.SimpleNamespace(get_basedir=lambda: str(tmp_path))
        templar = types.SimpleNamespace(template=lambda value: value)
        return Probe(task, connection, None, loader, templar, None), task

    return make


@pytest.mark.parametrize(
    "args",
    [
        {"password": SECRET, "nonsense": 1},
        {"password": [SECRET], "nonsense": 1},
        {"password": {"a": {"b": SECRET}}, "nonsense": 1},
        {"pasword": SECRET},
        {"count": SECRET + "-longer-than-twenty"},
        {"password": SECRET, "count": "x"},
    ],
    ids=str,
)
def test_a_refused_item_is_hidden_and_not_quoted(probe, args):
    action, task = probe(args)

    result = action.run(task_vars={"item": args})

    assert result["failed"]
    assert (result["_ansible_no_log"], task.no_log) == (True, True)
    assert SECRET not in str(result)


def test_an_item_without_a_secret_is_shown_when_it_is_refused(probe):
    action, task = probe({"name": "plain", "count": "many"})

    result = action.run(task_vars={"item": "plain"})

    assert "_ansible_no_log" not in result
    assert task.no_log is False
    # Not every ansible-core quotes what it cannot convert.
    assert "many" in result["msg"] or "<class 'str'> cannot be converted to an int" in result["msg"]
    assert "***" not in result["msg"]


def test_async_is_refused_without_showing_the_item(probe):
    action, _task = probe({"password": SECRET}, async_val=10)
    action._supports_async = False

    assert action.run(task_vars={"item": SECRET})["_ansible_no_log"]


@pytest.mark.parametrize(
    ("error", "is_unreachable"),
    [(AnsibleConnectionFailure(SECRET), True), (AnsibleError(SECRET), False), (RuntimeError(SECRET), False)],
    ids=lambda value: type(value).__name__,
)
def test_what_ansible_raises_on_its_way_to_a_host_is_a_result(probe, monkeypatch, error, is_unreachable):
    monkeypatch.setattr(Elsewhere, "raised", error)
    action, _task = probe({"password": SECRET}, transport="ssh")

    result = action.run(task_vars={"item": SECRET})

    assert bool(result.get("unreachable")) == is_unreachable
    assert result["_ansible_no_log"]
    assert SECRET not in str(result)


def test_a_task_that_is_stopped_is_hidden_before_it_begins(probe, monkeypatch):
    monkeypatch.setattr(Elsewhere, "raised", Stopped())
    action, task = probe({"password": SECRET}, transport="ssh")

    with pytest.raises(Stopped):
        action.run(task_vars={"item": SECRET})
    assert task.no_log is True


def test_an_item_that_is_shown_with_later_ones_is_hidden(probe):
    action, task = probe({"name": "plain"})

    action.run(task_vars={"item": {"name": "plain"}, "ansible_loop": {"allitems": [{"name": "x", "password": SECRET}]}})

    assert task.no_log is True


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize("more", [{}, {"count": "many"}])
def test_an_item_that_is_a_part_of_a_secret_is_hidden(probe, transport, more):
    part = "a-part-of-the-secret-of-this-item"
    action, task = probe({"password": f"Bearer {part}", **more}, transport=transport)

    result = action.run(task_vars={"item": {"text": part}})

    assert (result["_ansible_no_log"], task.no_log) == (True, True)


def test_an_item_with_a_password_in_its_address_is_hidden(probe):
    address = "https://user:s3cret-of-an-address@host"
    action, task = probe({"name": address, "count": "many"})

    result = action.run(task_vars={"item": address})

    assert (result["_ansible_no_log"], task.no_log) == (True, True)


def test_an_item_that_is_a_word_of_a_secret_is_shown(probe):
    action, task = probe({"password": "the key of deploy is s3cret"})

    action.run(task_vars={"item": "deploy"})

    assert task.no_log is False


class Broken:
    def __iter__(self) -> None:
        raise RuntimeError("nobody knows what this is")


def test_arguments_that_nobody_can_read_are_hidden(probe):
    action, task = probe(types.MappingProxyType({"name": "x"}))
    action.spec = {"argument_spec": Broken()}

    action.run(task_vars={"item": "x"})

    assert task.no_log is True


def test_what_is_concealed_is_in_no_line_and_stays_in_data():
    conceal("account-of-the-vault")
    protect("value-of-a-key")

    both = "account-of-the-vault: value-of-a-key"
    assert scrub(both) == "********: ********"
    assert scrub_all({"id": both}) == {"id": "account-of-the-vault: ********"}
