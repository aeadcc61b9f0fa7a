# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ansible itself makes of a text, asked before that text is written."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

Way = Sequence[t.Any]
_PLAIN = frozenset({str, int, float, bool, type(None)})


def check_reads_back(
    before: str, after: str, wanted: Sequence[tuple[Way, object]], open_text: Callable[[str], str]
) -> None:
    """Refuse a text of which Ansible does not read these values; raises CannotEdit.

    Each way is that of plain data: keys of mappings and numbers of items.
    """
    found, loads = _loaded(after)
    if not loads:
        was = "as it is" if not _loaded(before)[1] else "after this change"
        raise CannotEdit(f"Ansible cannot load the text of the file {was}, so nothing was written")
    for way, value in wanted:
        if _plain(_at(found, way), open_text) != _plain(value, open_text):
            raise CannotEdit("Ansible would not read the changed text as wanted, so nothing was written")


def _loaded(text: str) -> tuple[t.Any, bool]:
    # ansible-core has no types for it. It quotes what it cannot read, so its own words are not passed on.
    loader: t.Any = DataLoader()
    try:
        return loader.load(text, show_content=False), True
    except (AnsibleError, ValueError, RecursionError):
        return None, False


def _at(data: t.Any, way: Way) -> t.Any:
    for step in way:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return None
    return data


def _plain(value: t.Any, open_text: Callable[[str], str]) -> object:
    """Python's own types, with vaulted strings opened; Ansible's are subclasses, or know their cipher text."""
    if type(value) in _PLAIN:
        return value
    vaulttext = getattr(value, "_ciphertext", None)
    if vaulttext is not None:
        return open_text(vaulttext.decode() if isinstance(vaulttext, bytes) else str.__str__(vaulttext))
    if isinstance(value, Mapping):
        return {_plain(key, open_text): _plain(member, open_text) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member, open_text) for member in value]
    return str.__str__(value) if isinstance(value, str) else value
