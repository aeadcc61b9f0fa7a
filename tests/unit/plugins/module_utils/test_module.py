# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module ends with a result, whatever happens in it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _module

SECRET = "the-s3cret-of-this-module"


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
