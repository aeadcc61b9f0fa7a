# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import os
import re
import types

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.action import ansible_vault_vars as action
from ansible_collections.cloudkeys.ibmcloud.plugins.lookup import ansible_vault_value as lookup
from ansible_collections.cloudkeys.ibmcloud.plugins.modules import ansible_vault_vars as manual
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, VaultFile

SECRET = "s3cret-value"


@pytest.fixture(autouse=True)
def cipher(monkeypatch):
    cipher = Cipher([("dev", VaultSecret(b"password of dev"))])
    for module in (action, lookup):
        monkeypatch.setattr(module.Cipher, "of_this_run", lambda loader: cipher)
    return cipher


@pytest.fixture
def run(run_action):
    return lambda check_mode=False, async_val=0, **args: run_action(action, args, check_mode, async_val)


@pytest.fixture
def read(tmp_path, cipher):
    file = VaultFile(str(tmp_path / "vault.yml"), cipher)
    return lambda *path: file.value(file.read(), path)


def test_set_again_change_and_remove_with_and_without_check_mode(run, read, tmp_path):
    steps = [
        ({"value": SECRET, "create": True}, True, SECRET),
        ({"value": SECRET}, False, SECRET),
        ({"value": "other"}, True, "other"),
        ({"state": "absent"}, True, None),
        ({"state": "absent"}, False, None),
    ]
    for options, is_change, value in steps:
        before = read("key")
        for check_mode in (True, False):
            result = run(check_mode, path="vault.yml", name="key", **options)
            assert (result["changed"], result.get("failed", False)) == (is_change, False)
            assert read("key") == (before if check_mode else value)
    assert os.listdir(tmp_path) == ["vault.yml"]


def test_the_result_names_places_and_holds_no_value(run, tmp_path):
    result = run(path="vault.yml", name=["keys", "ci"], value={"id": "ApiKey-1", "v": SECRET}, create=True)

    assert re.fullmatch("sha256:[0-9a-f]{64}", result.pop("revision"))
    assert result == {
        "changed": True,
        "conflict": False,
        "path": str(tmp_path / "vault.yml"),
        "layout": "inline",
        "vault_id": "dev",
        "backup_file": None,
        "diff": {
            "before": "",
            "after": "keys / ci: <new value, vaulted>\n",
            "before_header": str(tmp_path / "vault.yml"),
            "after_header": str(tmp_path / "vault.yml"),
        },
    }


def test_the_diff_shows_only_what_changes(run):
    run(path="vault.yml", vars=[{"name": n, "value": n} for n in ("same", "new", "gone")], create=True)

    result = run(
        path="vault.yml",
        vars=[
            {"name": "same", "value": "same"},
            {"name": "new", "value": SECRET},
            {"name": "gone", "state": "absent"},
            {"name": "never", "state": "absent"},
        ],
    )

    assert result["diff"]["before"] == "new: <previous value>\ngone: <previous value>\n"
    assert result["diff"]["after"] == "new: <new value, vaulted>\n"


def test_a_backup_of_clear_text_is_warned_about(run, tmp_path):
    (tmp_path / "vault.yml").write_text(f"key: {SECRET}\n")

    result = run(path="vault.yml", name="key", value=SECRET, backup=True)

    assert result["backup_file"].startswith(str(tmp_path / "vault.yml."))
    assert result["warnings"] == [
        f"{result['backup_file']} holds a value in clear text, as the file did before; delete it when you can"
    ]


def test_plaintext_keys_stay_readable(run, read, tmp_path):
    value = {"id": "ApiKey-1", "v": SECRET, "generation": 4, "none": None}
    run(path="vault.yml", name="key", value=value, plaintext_keys=["id"], create=True, mode="0640")

    text = (tmp_path / "vault.yml").read_text()
    assert "  id: ApiKey-1\n" in text
    assert "  generation: 4\n" in text
    assert SECRET not in text
    assert read("key") == value
    assert (tmp_path / "vault.yml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"name": "key", "value": SECRET}, "path"),
        ({"path": "vault.yml", "value": SECRET}, "name, vars"),
        ({"path": "vault.yml", "name": "key", "vars": [{"name": "x", "value": SECRET}]}, "mutually exclusive"),
        ({"path": "vault.yml", "name": "key", "value": SECRET, "state": "there"}, "value of state must be one of"),
        ({"path": "vault.yml", "name": "key", "value": SECRET, "bogus": 1}, "bogus"),
        ({"path": "vault.yml", "vars": [SECRET]}, ""),
        ({"path": "vault.yml", "vars": {"name": "x", "value": SECRET}}, ""),
        ({"path": "vault.yml", "vars": [{"value": SECRET}]}, "name"),
        ({"path": "vault.yml", "name": "key", "value": 4711}, "must be a string or a mapping"),
        ({"path": "vault.yml", "name": "key", "value": [SECRET]}, "must be a string or a mapping"),
        ({"path": "vault.yml", "name": "key"}, "must be a string or a mapping"),
        ({"path": "vault.yml", "name": {"x": SECRET}, "value": "x"}, "name must be"),
        ({"path": "vault.yml", "name": "key", "value": SECRET}, "does not exist"),
        ({"path": "vault.yml", "name": "key", "value": SECRET, "create": True, "mode": "rw"}, "mode must be"),
        ({"path": "vault.yml", "name": "key", "value": SECRET, "create": True, "vault_id": "prod"}, "not loaded"),
        ({"path": "vault.yml", "name": "key", "value": SECRET, "async_val": 10}, "async"),
    ],
)
def test_a_failure_says_why_and_no_value(run, tmp_path, args, message):
    result = run(**args)

    assert result["failed"] is True
    assert result["changed"] is False
    assert result["conflict"] is False
    assert message in result["msg"]
    assert SECRET not in json.dumps(result)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError(SECRET), SystemExit(SECRET), RecursionError(SECRET)])
def test_nothing_escapes(run, monkeypatch, error):
    def explode(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(action.VaultFile, "apply", explode)

    result = run(path="vault.yml", name="key", value="x" * 10)

    assert result["failed"] is True
    assert type(error).__name__ in result["msg"]
    assert SECRET not in json.dumps(result)


def test_the_manual_and_the_action_know_the_same_options():
    documented = yaml.safe_load(manual.DOCUMENTATION)["options"]
    spec = action.SPEC["argument_spec"]

    def shape(options):
        return {
            name: (
                each["type"],
                each.get("default"),
                each.get("required", False),
                each.get("choices"),
                shape(each.get("options", each.get("suboptions", {}))),
            )
            for name, each in options.items()
        }

    assert shape(spec) == shape(documented)


class TestLookup:
    @pytest.fixture
    def value_of(self, tmp_path, monkeypatch):
        loader = types.SimpleNamespace(get_basedir=lambda: str(tmp_path))

        def value_of(*terms, file="vault.yml"):
            plugin = lookup.LookupModule(loader=loader, templar=None)
            monkeypatch.setattr(plugin, "set_options", lambda **options: None)
            monkeypatch.setattr(plugin, "get_option", lambda name: file)
            return plugin.run(list(terms))

        return value_of

    def test_values_are_read_now(self, run, value_of):
        run(path="vault.yml", name="key", value="old", create=True)
        assert value_of("key") == ["old"]
        run(path="vault.yml", vars=[{"name": "key", "value": SECRET}, {"name": ["m", "k"], "value": "x"}])
        assert value_of("key", ["m", "k"]) == [SECRET, "x"]

    @pytest.mark.parametrize(
        ("term", "file", "message"),
        [
            ("nope", "vault.yml", "has no value for nope"),
            (["m", "nope"], "vault.yml", "has no value for m / nope"),
            ("m", "vault.yml", "the value of m is not a string"),
            ("key", "other.yml", "does not exist"),
            (5, "vault.yml", "a term must be a name"),
        ],
    )
    def test_a_missing_value_is_an_error_that_names_it(self, run, value_of, term, file, message):
        run(path="vault.yml", vars=[{"name": ["m", "k"], "value": SECRET}], create=True)

        with pytest.raises(Exception, match=message) as caught:
            value_of(term, file=file)

        assert SECRET not in str(caught.value)

    def test_an_error_nobody_foresaw_tells_its_kind_and_place_and_not_its_text(self, value_of, monkeypatch):
        def read(file):
            raise RuntimeError(SECRET)

        monkeypatch.setattr(lookup.VaultFile, "read", read)

        with pytest.raises(AnsibleError, match=r"Unexpected RuntimeError at test_ansible_vault_vars\.py") as caught:
            value_of("key")

        assert SECRET not in str(caught.value)
        assert caught.value.__suppress_context__, "ansible-core shows the texts of a whole chain of exceptions"


def test_a_loop_over_values_is_hidden_with_its_items(run_action):
    args = {"path": "vault.yml", "name": "key", "value": SECRET, "create": True}
    result = run_action(action, args, loop=[SECRET], task_vars={"item": SECRET})

    assert (result["changed"], result["_ansible_no_log"], run_action.task.no_log) == (True, True, True)


def test_with_the_playbook_of_an_installed_collection_a_path_begins_where_ansible_was_started(
    run_action, tmp_path, monkeypatch
):
    """As in the rotation: nobody means the folder of the collection."""
    playbooks, started_in = tmp_path / "ansible_collections" / "ns" / "playbooks", tmp_path / "started"
    for folder in (playbooks, started_in):
        folder.mkdir(parents=True)
    monkeypatch.chdir(started_in)
    args = {"path": "vault.yml", "name": "key", "value": SECRET, "create": True}

    result = run_action(action, args, basedir=playbooks)

    assert result["path"] == str(started_in / "vault.yml")
    loader = types.SimpleNamespace(get_basedir=lambda: str(playbooks))
    plugin = lookup.LookupModule(loader=loader, templar=None)
    monkeypatch.setattr(plugin, "set_options", lambda **options: None)
    monkeypatch.setattr(plugin, "get_option", lambda name: "vault.yml")
    assert plugin.run(["key"]) == [SECRET]
