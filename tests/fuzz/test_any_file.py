# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Made-up files. `make unit` tries the same with a few hundred."""

from __future__ import annotations

import typing as t

import ansible.parsing.vault
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path, Typed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file import any_file, laws
from hypothesis import given, settings
from hypothesis import strategies as st

SECRETS = [("dev", VaultSecret(b"password of dev"))]


# conftest.py has chosen how many.
@given(file=any_file.files(), draw=st.data(), inline=st.booleans())
def test_any_edit_of_any_file(tally: laws.Tally, file: any_file.File, draw: t.Any, inline: bool) -> None:
    """It changes its target alone, or is refused; the share of refusals is in the table at the end."""
    tally.add(laws.check(file, draw.draw(laws.edits_of(file)), inline, draw.draw(st.booleans())))


# Each of these writes a file and loads it.
@settings(max_examples=max(1, settings.default.max_examples // 40))
@given(value=laws.values, layout=st.sampled_from(["inline", "file"]))
def test_ansible_reads_what_was_written(tmp_path_factory: t.Any, value: t.Any, layout: t.Any) -> None:
    path = tmp_path_factory.mktemp("vault") / "vars.yml"
    VaultFile(str(path), Cipher(SECRETS), create=True, layout=layout).apply([Edit(("key",), value)])

    assert loaded(str(path)) == {"key": value}


@settings(max_examples=max(1, settings.default.max_examples // 40))
@given(file=any_file.files(), draw=st.data())
def test_ansible_reads_any_file_that_was_changed(tmp_path_factory: t.Any, file: any_file.File, draw: t.Any) -> None:
    path = tmp_path_factory.mktemp("vault") / "vars.yml"
    path.write_bytes(file.text.encode("utf-8"))
    edits = draw.draw(laws.edits_of(file))
    refusal = refused(VaultFile(str(path), Cipher(SECRETS)), edits)
    assert "Ansible would not read" not in refusal
    if refusal:
        assert path.read_bytes() == file.text.encode("utf-8")
        return
    data = raw(str(path))
    for edit in edits:
        # The rest holds cipher text that nothing opens.
        if not edit.remove:
            assert plain(at(data, edit.path)) == edit.value


def refused(vault_file: VaultFile, edits: list[Edit]) -> str:
    try:
        vault_file.apply(edits)
    except VaultFileError as refusal:
        return str(refusal)
    return ""


def at(data: t.Any, path: Path) -> t.Any:
    for step in path:
        data = data[step.value if isinstance(step, Typed) else step]
    return data


@pytest.fixture(scope="module", autouse=True)
def secrets_of_this_run() -> None:
    # Since 2.19 values are decrypted when they are used; delete the condition when meta/runtime.yml says >= 2.19.
    context = getattr(ansible.parsing.vault, "VaultSecretsContext", None)
    if context is not None and context.current(optional=True) is None:
        context.initialize(context(SECRETS))


def loaded(path: str) -> t.Any:
    """What Ansible makes of a vars file, in Python's own types."""
    return plain(raw(path))


def raw(path: str) -> t.Any:
    loader: t.Any = DataLoader()
    loader.set_vault_secrets(SECRETS)
    return loader.load_from_file(path)


def plain(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if value is None or isinstance(value, bool):
        return value
    return int(value) if isinstance(value, int) else str(value)
