# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was vaulted by itself is found in the arguments of a task; what this run cannot open stops nothing."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing import vault
from ansible.parsing.dataloader import DataLoader
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vaulted import vaulted_texts

PASSWORD, OTHER = vault.VaultSecret(b"password"), vault.VaultSecret(b"another")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], t.Any]:
    """Read variables as Ansible does, with one password."""
    secrets = [("default", PASSWORD)]
    if hasattr(vault, "VaultSecretsContext"):
        context = vault.VaultSecretsContext(secrets)
        monkeypatch.setattr(vault.VaultSecretsContext, "current", lambda optional=False: context)
    loader = DataLoader()
    loader.set_vault_secrets(secrets)
    return loader.load


def sealed(text: str, secret: t.Any = PASSWORD) -> str:
    lines = vault.VaultLib([("default", secret)]).encrypt(text, secret).decode().splitlines()
    return "!vault |\n" + "".join(f"{'':12}{line}\n" for line in lines)


def test_vaulted_texts_are_found_at_any_depth_and_others_are_not(load: t.Callable[[str], t.Any]) -> None:
    read = load(f"plain: of nobody\nvaulted: {sealed('of one')}deep:\n  - also:\n      - {sealed('of two')}")

    assert set(vaulted_texts(read)) == {"of one", "of two"}


def test_each_line_of_a_vaulted_text_counts_and_what_is_left_without_blanks(load: t.Callable[[str], t.Any]) -> None:
    """A message may quote it with or without its line end."""
    read = load(f"vaulted: {sealed('first line' + chr(10) + 'second' + chr(10))}")

    assert set(vaulted_texts(read)) == {"first line\nsecond\n", "first line\nsecond", "first line", "second"}


def test_what_this_run_has_no_password_for_stops_nothing(load: t.Callable[[str], t.Any]) -> None:
    read = load(f"closed: {sealed('of another', OTHER)}open: {sealed('of one')}")

    assert list(vaulted_texts(read)) == ["of one"]
