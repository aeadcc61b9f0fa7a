# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place that knows how each ansible-core tells that a value came out of a vault."""

from __future__ import annotations

import typing as t

from ansible.parsing import vault

# Of ansible-core 2.19 and newer.
_Helper: t.Any = getattr(vault, "VaultHelper", None)
if _Helper is None:
    # Delete this when meta/runtime.yml says >= 2.19.
    from ansible.parsing.yaml.objects import AnsibleVaultEncryptedUnicode


def vaulted_texts(value: t.Any) -> t.Iterator[str]:
    """The clear texts of all values that were vaulted by themselves, at any depth."""
    if isinstance(value, t.Mapping):
        for member in value.values():
            yield from vaulted_texts(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from vaulted_texts(member)
    elif _is_vaulted(value):
        yield from _clear(value)


def _is_vaulted(value: t.Any) -> bool:
    if _Helper is None:
        return isinstance(value, AnsibleVaultEncryptedUnicode)
    return _Helper.get_ciphertext(value, with_tags=False) is not None


def _clear(value: t.Any) -> t.Iterator[str]:
    # One that this run has no password for is shown to nobody.
    try:
        text = str(value)
    except Exception:
        return
    yield from filter(None, dict.fromkeys((text, text.strip(), *text.splitlines())))
