# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which place and which password a task means, and what Ansible can read afterwards."""

from __future__ import annotations

import json
import os
import types

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.action import ansible_vault_vars as action
from ansible_collections.cloudkeys.ibmcloud.plugins.lookup import ansible_vault_value as lookup
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher

DEV, PROD = VaultSecret(b"password of dev"), VaultSecret(b"password of prod")
SECRET = "s3cret-value"


class Desk:
    """A folder with a vars file, and tasks over it."""

    def __init__(self, folder, run_action, monkeypatch) -> None:
        self.folder, self._run_action, self._monkeypatch = folder, run_action, monkeypatch
        self.file = folder / "vault.yml"

    def run(self, check_mode=False, secrets=(("dev", DEV),), **args):
        for module in (action, lookup):
            self._monkeypatch.setattr(module.Cipher, "of_this_run", lambda loader: Cipher(secrets))
        return self._run_action(action, {"path": self.file.name, **args}, check_mode)

    def both(self, **args):
        """In check mode and for real; check mode must refuse what the real run refuses."""
        checked, real = self.run(check_mode=True, **args), self.run(**args)
        assert (checked.get("failed"), checked.get("msg")) == (real.get("failed"), real.get("msg"))
        return real

    def look_up(self, *terms):
        loader = types.SimpleNamespace(get_basedir=lambda: str(self.folder))
        plugin = lookup.LookupModule(loader=loader)
        plugin.set_options = lambda var_options, direct: None
        plugin.get_option = lambda name: str(self.file)
        return plugin.run(list(terms))


@pytest.fixture
def desk(tmp_path, run_action, monkeypatch):
    return Desk(tmp_path, run_action, monkeypatch)


def sealed(text, secret=DEV, vault_id="dev"):
    return VaultLib([]).encrypt(text, secret=secret, vault_id=vault_id).decode()


def block(text, depth="  "):
    return "".join(f"{depth}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize("name", [["l", 0, "k"], ["l", {"n": "x"}, "k"], '["l", {"n": "x"}, "k"]'], ids=str)
def test_task_and_lookup_take_the_same_names(desk, name):
    desk.file.write_text("l:\n- n: x\n")

    result = desk.both(name=name, value=SECRET)

    assert result["changed"]
    assert desk.look_up(name) == [SECRET]
    assert desk.both(name=name, value=SECRET)["changed"] is False
    assert desk.both(name=name, state="absent")["changed"]
    assert desk.file.read_text() == "l:\n- n: x\n"


def test_a_lookup_tells_which_path_was_meant(desk):
    desk.file.write_text("a:\n  b: 1\n")
    desk.run(name=["a", "c"], value=SECRET)

    with pytest.raises(AnsibleError, match=r"has no value for a.c; .* give the list \['a', 'c'\]"):
        desk.look_up("a.c")


@pytest.mark.parametrize("args", [{"value": SECRET}, {"state": "absent"}], ids=str)
@pytest.mark.parametrize("name", ["mysql.password", "8443", "yes"])
def test_no_twin_is_made_and_no_secret_taken_for_gone(desk, name, args):
    desk.file.write_text("mysql:\n  password: x\n8443: x\nyes: x\n")

    assert desk.both(name=name, **args)["failed"]
    assert desk.file.read_text() == "mysql:\n  password: x\n8443: x\nyes: x\n"


def test_two_passwords_of_one_id_are_not_chosen_from(desk):
    secrets = (("prod", DEV), ("prod", PROD))
    desk.file.write_text(
        f"old: !vault |\n{block(sealed('x', DEV, 'prod'))}new: !vault |\n{block(sealed('y', PROD, 'prod'))}"
    )

    assert (
        "two different secrets are loaded under the vault id 'prod'"
        in desk.both(secrets=secrets, name="a", value=SECRET)["msg"]
    )
    assert desk.both(secrets=secrets, name="old", value="x")["changed"] is False
    # What is replaced says which one encrypts.
    assert desk.both(secrets=secrets, name="new", value=SECRET)["changed"]
    assert desk.run(secrets=(("prod", PROD),), name="new", value=SECRET)["changed"] is False
    assert "two different" in desk.both(secrets=secrets, name="old", value=SECRET, vault_id="prod")["msg"]


@pytest.mark.parametrize("vault_id", ["a;b", "zwölf", "two words"])
def test_an_id_that_no_header_can_hold(desk, vault_id):
    result = desk.both(secrets=((vault_id, DEV),), name="a", value=SECRET, create=True)

    assert repr(vault_id) in result["msg"]
    assert not desk.file.exists()


def test_a_value_inside_a_whole_file_keeps_its_own_encryption(desk):
    inner = sealed(SECRET, PROD, "prod")
    desk.file.write_text(sealed(f"a: !vault |\n{block(inner)}b: 1\n"))
    secrets = (("dev", DEV), ("prod", PROD))

    assert desk.both(secrets=secrets, name="a", value=SECRET)["changed"] is False
    assert desk.both(secrets=secrets, name="a", value="another")["changed"]

    text = VaultLib([("dev", DEV)]).decrypt(desk.file.read_text()).decode()
    assert text.startswith("a: !vault |\n  $ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert desk.both(secrets=secrets, name="a", value="another")["changed"] is False
    assert "another" not in text


def test_a_file_that_vanishes_during_the_write_is_a_conflict(desk, monkeypatch):
    desk.file.write_text("a: 1\n")
    real = os.access

    def vanish(path, mode):
        desk.file.unlink(missing_ok=True)
        return real(path, mode)

    monkeypatch.setattr(os, "access", vanish)
    result = desk.run(name="b", value=SECRET)

    assert (result["failed"], result["conflict"]) == (True, True)
    assert "was taken away by somebody else since it was read" in result["msg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !vault |\n  $ANSIBLE_VAULT;1.0;AES\n  3331\n", "does not read any more"),
        (
            f"a: !vault >-\n  $ANSIBLE_VAULT;1.2;AES256;prod\n  {'31' * 40}\n  3132\n",
            "under 'prod' has header and digits in one",
        ),
        (f"a: !vault |\n{block(sealed('x'))}".replace("\n", " \n"), "blanks beside its digits"),
        (f"a: !vault |\n\n{block(sealed('x'))}", "an empty first line"),
        (f"a: !vault |2\n{block(sealed('x'), '    ')}", "deeper than their block says"),
    ],
)
def test_what_ansible_cannot_read_is_not_called_readable(desk, text, message):
    desk.file.write_text(text)

    assert message in desk.both(name="a", value=SECRET)["msg"]
    with pytest.raises(AnsibleError, match=message):
        desk.look_up("a")
    assert desk.file.read_text() == text
    assert desk.both(name="b", value=SECRET)["changed"]


def test_what_ansible_does_not_load_is_not_written(desk):
    desk.file.write_text("a: !unknown x\n")

    assert "Ansible cannot load the text of the file as it is" in desk.both(name="b", value=SECRET)["msg"]
    assert desk.file.read_text() == "a: !unknown x\n"


def test_what_ansible_reads_otherwise_is_not_written(desk, monkeypatch):
    desk.file.write_text("a: 1\n")
    loader = "ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.ansible_reading"
    monkeypatch.setattr(f"{loader}.DataLoader.load", lambda *args, **words: {"b": "something else"})

    assert "Ansible would not read the changed text as wanted" in desk.both(name="b", value=SECRET)["msg"]
    assert desk.file.read_text() == "a: 1\n"


@pytest.mark.parametrize("layout", ["inline", "file"])
def test_json_stays_json(desk, layout):
    text = '{\n  "a": {"b": 1}\n}\n'
    desk.file.write_text(text if layout == "inline" else sealed(text))

    assert desk.both(name=["a", "key"], value=SECRET)["changed"]
    assert desk.look_up(["a", "key"]) == [SECRET]

    after = desk.file.read_text()
    json.loads(after if layout == "inline" else VaultLib([("dev", DEV)]).decrypt(after))
    assert desk.both(name=["a", "key"], state="absent")["changed"]


def test_braces_at_the_top_lose_their_last_entry(desk):
    desk.file.write_text("{key: x}\n")

    assert desk.both(name="key", state="absent")["changed"]
    assert desk.file.read_text() == "{}\n"
