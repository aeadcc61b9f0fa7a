# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which id encrypts, and which secret opens. With Ansible's real vault."""

from __future__ import annotations

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import label_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    AmbiguousSecret,
    CannotDecrypt,
    CannotEdit,
    NoSecret,
)

DEV, PROD, DEFAULT = (VaultSecret(f"password of {name}".encode()) for name in ("dev", "prod", "default"))


def sealed_by_ansible(text, secret, vault_id):
    return VaultLib([]).encrypt(text, secret=secret, vault_id=vault_id).decode()


@pytest.mark.parametrize("text", ["x", "", "two\nlines\n", "😀", "{{ 1 + 1 }}", "x" * 5000])
def test_what_is_sealed_opens_again(cipher, text):
    sealed = cipher.seal(text, None, None)

    assert cipher.open(sealed).plaintext == text
    assert VaultLib([("dev", DEV)]).decrypt(sealed).decode() == text


def test_each_sealing_has_a_salt_of_its_own(cipher, monkeypatch):
    monkeypatch.setenv("ANSIBLE_VAULT_ENCRYPT_SALT", "fixed")

    assert cipher.seal("x", None, None) != cipher.seal("x", None, None)


@pytest.mark.parametrize(
    ("ids", "default_id", "vault_id", "label"),
    [
        ([("dev", DEV)], None, None, "dev"),
        ([("default", DEFAULT)], None, None, None),
        ([("dev", DEV), ("dev", VaultSecret(DEV.bytes))], None, None, "dev"),
        ([("dev", DEV), ("prod", PROD)], "prod", None, "prod"),
        ([("dev", DEV), ("prod", PROD)], "", "prod", "prod"),
        ([("dev", DEV), ("prod", PROD)], "dev", "prod", "prod"),
        ([("default", DEFAULT), ("prod", PROD)], None, "default", None),
    ],
)
def test_the_id_of_a_new_value(ids, default_id, vault_id, label):
    assert label_of(Cipher(ids, default_id).seal("x", None, vault_id)) == label


@pytest.mark.parametrize(
    ("ids", "default_id", "vault_id", "error", "message"),
    [
        ([], None, None, NoSecret, "no vault secret is loaded"),
        ([("dev", DEV), ("prod", PROD)], None, None, AmbiguousSecret, r"\(dev, prod\)"),
        (
            [("dev", DEV), ("dev", PROD)],
            None,
            None,
            AmbiguousSecret,
            "two different secrets.*'dev'",
        ),
        ([("dev", DEV), ("dev", PROD)], None, "dev", AmbiguousSecret, "two different secrets"),
        ([("dev", DEV), ("dev", PROD), ("x", PROD)], "dev", None, AmbiguousSecret, "two different secrets"),
        ([("dev", DEV)], None, "prod", NoSecret, r"'prod' is not loaded; these are: dev"),
        ([("dev", DEV)], "prod", None, NoSecret, r"'prod' is not loaded; these are: dev"),
    ],
)
def test_no_id_is_ever_guessed(ids, default_id, vault_id, error, message):
    with pytest.raises(error, match=message):
        Cipher(ids, default_id).seal("x", None, vault_id)


@pytest.mark.parametrize("vault_id", ["a;b", "zwölf", "two words", "line\nbreak", "tab\t", " "])
def test_an_id_that_no_header_can_hold_is_refused_by_name(vault_id):
    with pytest.raises(CannotEdit) as caught:
        Cipher([(vault_id, DEV)]).seal("x", None, vault_id)

    assert repr(vault_id) in str(caught.value)


def test_each_secret_of_an_id_is_tried():
    cipher = Cipher([("dev", DEV), ("dev", PROD)])

    opened = cipher.open(sealed_by_ansible("old", PROD, "dev"))

    assert opened.plaintext == "old"
    assert cipher.opened_by(sealed_by_ansible("old", PROD, "dev")) == ("dev", 2)
    # What is replaced says which one it was, so nothing is guessed.
    assert Cipher([("x", PROD)]).open(cipher.seal("new", opened, None)).plaintext == "new"


def test_a_label_that_cannot_be_written_again_is_not_cut_short(cipher):
    sealed = sealed_by_ansible("old", DEV, "dev").replace(";dev", ";dev;more")
    opened = cipher.open(sealed)

    with pytest.raises(CannotEdit, match="'dev;more'"):
        cipher.seal("new", opened, None)


def test_a_replaced_value_keeps_label_and_secret_even_if_they_do_not_match():
    cipher = Cipher([("dev", DEV), ("prod", PROD)], default_id="prod")
    opened = cipher.open(sealed_by_ansible("old", DEV, "elsewhere"))

    sealed = cipher.seal("new", opened, None)

    assert (opened.label, label_of(sealed)) == ("elsewhere", "elsewhere")
    assert Cipher([("x", DEV)]).open(sealed).plaintext == "new"


@pytest.mark.parametrize("label", [None, "default"])
def test_a_header_without_label_stays_without(label):
    cipher = Cipher([("dev", DEV)])
    opened = cipher.open(sealed_by_ansible("old", DEV, label))

    assert opened.label is None
    assert cipher.seal("new", opened, None).startswith("$ANSIBLE_VAULT;1.1;AES256\n")


def test_an_asked_for_id_beats_the_replaced_one(two_ids):
    opened = two_ids.open(two_ids.seal("old", None, "dev"))

    assert label_of(two_ids.seal("new", opened, "prod")) == "prod"


def test_secrets_of_the_label_are_tried_first():
    tried = []

    class Watched(VaultSecret):
        @property
        def bytes(self):
            tried.append(self._bytes)
            return self._bytes

    cipher = Cipher([(name, Watched(f"password of {name}".encode())) for name in ("dev", "prod", "test")])

    assert cipher.open(sealed_by_ansible("x", PROD, "prod")).plaintext == "x"
    assert set(tried) == {b"password of prod"}


def test_labels_bind_where_ansible_is_configured_so():
    sealed = sealed_by_ansible("x", DEV, "prod")

    assert Cipher([("dev", DEV)]).open(sealed).plaintext == "x"
    with pytest.raises(CannotDecrypt, match=r"\(dev\) opens what is encrypted under 'prod'"):
        Cipher([("dev", DEV)], labels_bind=True).open(sealed)


@pytest.mark.parametrize(
    ("vaulttext", "error", "message"),
    [
        (sealed_by_ansible("s3cret", PROD, "prod"), CannotDecrypt, "none of the loaded vault ids"),
        ("$ANSIBLE_VAULT;1.1;AES256\nzz\n", CannotDecrypt, "damaged"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", CannotDecrypt, "damaged"),
        ("$ANSIBLE_VAULT\n", CannotDecrypt, "damaged"),
        ("$ANSIBLE_VAULT;1.0;AES\nzz\n", CannotDecrypt, "no password helps"),
        (sealed_by_ansible("x", DEV, "dev").replace("\n", " \n"), CannotDecrypt, "blanks beside its digits"),
        ("\n" + sealed_by_ansible("x", DEV, "dev"), CannotDecrypt, "an empty first line"),
        (" " + sealed_by_ansible("x", DEV, "dev").replace("\n", "\n "), CannotDecrypt, "deeper than their block"),
        (sealed_by_ansible(b"\xff", DEV, "dev"), CannotDecrypt, "not UTF-8"),
    ],
)
def test_what_does_not_open_is_an_error_without_content(cipher, vaulttext, error, message):
    with pytest.raises(error, match=message) as caught:
        cipher.open(vaulttext)

    assert "zz" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_opening_needs_a_secret():
    with pytest.raises(NoSecret):
        Cipher([]).open(sealed_by_ansible("x", DEV, "dev"))


def test_cipher_text_is_not_sealed_again(cipher):
    with pytest.raises(CannotEdit, match="already"):
        cipher.seal("$ANSIBLE_VAULT;1.1;AES256\n00", None, None)


@pytest.mark.parametrize(
    ("secret", "label", "is_under"), [(DEV, "dev", True), (PROD, "dev", False), (DEV, "prod", False)]
)
def test_a_value_is_under_an_id_when_label_and_secret_belong_to_it(two_ids_by_object, secret, label, is_under):
    assert two_ids_by_object.is_under(sealed_by_ansible("x", secret, label), "dev") is is_under


@pytest.fixture
def two_ids_by_object():
    return Cipher([("dev", DEV), ("prod", PROD)])


def test_a_printed_opened_value_shows_no_secret(cipher):
    shown = repr(cipher.open(cipher.seal("s3cret", None, None)))

    assert "s3cret" not in shown
    assert "password" not in shown


def test_the_secrets_of_the_run_are_found(monkeypatch):
    from ansible.parsing import vault

    class Loader:
        class _vault:  # noqa: N801 - the name that ansible-core gives it
            secrets = [("dev", DEV)]

    if hasattr(vault, "VaultSecretsContext"):
        context = vault.VaultSecretsContext([("dev", DEV)])
        monkeypatch.setattr(vault.VaultSecretsContext, "current", lambda optional: context)

    assert Cipher.of_this_run(Loader()).ids == ["dev"]


def test_a_run_without_secrets_has_none(monkeypatch):
    from ansible.parsing import vault

    if hasattr(vault, "VaultSecretsContext"):
        monkeypatch.setattr(vault.VaultSecretsContext, "current", lambda optional: None)

    assert Cipher.of_this_run(object()).ids == []
