# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module ends with a result, whatever happens in it."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _module

SECRET = "the-s3cret-of-this-module"
OTHER = "what-nobody-knows-to-be-secret-0"


class Module:
    """Stands in for AnsibleModule, and cannot print a result with a secret in it."""

    def __init__(self, **spec) -> None:
        self.params = {}
        self.check_mode = False
        self.blank = []

    def exit_json(self, **result):
        raise TypeError(f"cannot print {result}")

    def fail_json(self, **result):
        print(json.dumps(result))
        raise SystemExit(1)


def test_what_fails_after_the_work_tells_its_kind_and_place_and_not_its_text(monkeypatch, capsys):
    monkeypatch.setattr(_module, "_Module", Module)

    with pytest.raises(SystemExit):
        _module.run_module(lambda params, check_mode: {"changed": True, "key_value": SECRET}, {})

    told = capsys.readouterr().out
    assert json.loads(told)["msg"].startswith("Unexpected TypeError at test_module.py:")
    assert SECRET not in told


def test_a_module_tells_what_must_not_be_blank_and_does_nothing(monkeypatch, capsys):
    class Blank(Module):
        def __init__(self, **spec) -> None:
            super().__init__(**spec)
            self.blank = ["service_id"]

    monkeypatch.setattr(_module, "_Module", Blank)

    with pytest.raises(SystemExit):
        _module.run_module(lambda params, check_mode: pytest.fail("it worked"), {})

    assert json.loads(capsys.readouterr().out)["msg"].startswith("`service_id` must not be blank")


def test_an_address_with_a_password_is_neither_logged_on_the_host_nor_shown(monkeypatch):
    """Ansible logs what a module was given, and shows it when the task fails; a short query masks no other text."""
    given = {"iam_endpoint": "https://user:s3cret-of-an-address@host/?x"}
    monkeypatch.setattr(_module.AnsibleModule, "_load_params", lambda module: setattr(module, "params", given))
    module = object.__new__(_module._Module)
    module.argument_spec, module.no_log_values = {"iam_endpoint": {"type": "str"}}, set()

    module._load_params()

    assert {given["iam_endpoint"], "s3cret-of-an-address"} <= module.no_log_values
    assert min(map(len, module.no_log_values)) > 5


SPEC = {
    "argument_spec": {
        "validate_certs": {"type": "bool", "default": True},
        "keys": {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}}},
        "api_key": {"type": "str", "no_log": True},
    }
}


@pytest.fixture
def run(monkeypatch, capsys):
    """A module as Ansible runs it: its arguments, what it prints at the end, and its code."""

    def run(work, **arguments):
        given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", given)
        # Of ansible-core 2.19 and newer.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as ended:
            _module.run_module(work, SPEC)
        told = json.loads(capsys.readouterr().out)
        # From ansible-core 2.22 on its controller is told what to mask, and shows nobody.
        told.pop("_ansible_new_secrets", None)
        return told, ended.value.code

    return run


def refuse_to_work(params, check_mode):
    pytest.fail("it worked")


def test_an_argument_that_does_not_fit_is_refused_and_neither_it_nor_the_others_are_shown(run):
    """A key in the place of another option: Ansible quotes it, and shows all arguments."""
    told, code = run(refuse_to_work, validate_certs=f"typed-{OTHER}", api_key=SECRET)

    assert (code, told["failed"]) == (1, True)
    assert "validate_certs" in told["msg"]
    assert SECRET not in json.dumps(told)
    assert OTHER not in json.dumps(told)


def test_a_value_in_the_place_of_an_option_that_takes_any_text_is_not_shown(run):
    value = "Xy9-" + "aB3" * 13 + "z"

    told, code = run(refuse_to_work, keys=[{"nmae": value}])

    assert code == 1
    assert value not in json.dumps(told)


def test_without_requests_the_library_is_named_and_nothing_is_done(run, monkeypatch):
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", "Traceback: no requests")

    told, code = run(refuse_to_work)

    assert code == 1
    assert "(requests)" in told["msg"]


def test_a_log_in_that_is_less_safe_than_it_looks_is_warned_of(run, monkeypatch):
    warnings = []
    monkeypatch.setattr(_module._Module, "warn", lambda _module, text: warnings.append(text))

    told, code = run(lambda params, check_mode: {"changed": False}, validate_certs=False)

    assert (code, told["changed"]) == (0, False)
    assert [text.partition(":")[0] for text in warnings] == ["validate_certs is false"]


def test_work_that_fails_ends_the_module_with_a_failure(run):
    told, code = run(lambda params, check_mode: {"failed": True, "msg": "refused", "changed": True})

    assert (code, told["failed"], told["msg"], told["changed"]) == (1, True, "refused", True)
