# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cipher that costs nothing, and one that is real."""

from __future__ import annotations

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.fake_vault import FakeVault


@pytest.fixture
def vault() -> FakeVault:
    return FakeVault()


@pytest.fixture(scope="session")
def make_vault() -> type[FakeVault]:
    return FakeVault


@pytest.fixture
def cipher() -> Cipher:
    return Cipher([("dev", VaultSecret(b"password of dev"))])


@pytest.fixture
def two_ids() -> Cipher:
    return Cipher([("dev", VaultSecret(b"password of dev")), ("prod", VaultSecret(b"password of prod"))])
