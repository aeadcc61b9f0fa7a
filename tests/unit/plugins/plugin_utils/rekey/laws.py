# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold of any file that is moved to another secret. PyYAML and Ansible's own vault, with the new secret
alone, are the judges, and not the code that is tested."""

from __future__ import annotations

import collections
import functools
import json
import re
import typing as t

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.content import Rekeyed, rekey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.order import Order, order_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher, seal_with
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.any_file import File

SECRETS = {name: VaultSecret(f"password of {name}".encode()) for name in ("old", "older", "new", "another", "unknown")}
LABEL = "prod"
IDS = ("old", "older", "another", "new")
_IN_FILE = re.compile(r"\$ANSIBLE_VAULT;1\.1;AES256((?:\\n|\r?\n)(?:\r?\n)?) *(313a)?6f6c64")
_PLAIN = re.compile(r"(?<=[:-]) plain(\r?\n)")
_CIPHER_TEXT = re.compile(r"""\$ANSIBLE_VAULT;1\.[12];AES256(?:;\w+)?(?:(?:\\n|[ \r\n])+[0-9a-f]{2,}(?=[\s"'\\]|$))*""")


def order(old: t.Sequence[str] | None = ("old", "older"), label: str | None = LABEL) -> Order:
    return order_of(Cipher([(name, SECRETS[name]) for name in IDS]), old, "new", label)


def sealed(name: str, plaintext: bytes, label: str) -> str:
    return seal_with(SECRETS[name], plaintext, label)


def samples() -> list[tuple[str, str]]:
    """Pairs of the secret's name and cipher text with its digits in one line."""
    made = []
    for number, (name, label) in enumerate(
        [("old", "prod"), ("old", "default"), ("older", "dev"), ("new", "prod"), ("new", "old"), ("another", "prod")]
    ):
        header, *digits = sealed(name, f"välue {number}\n: - {{{{ x }}}}".encode(), label).splitlines()
        made.append((name, f"{header}\n{''.join(digits)}"))
    return made


def filled(file: File, choices: t.Iterator[tuple[str, str]]) -> str:
    """The text of a made-up file with real cipher text in it."""

    def real(found: re.Match[str]) -> str:
        if not found[2]:
            return found[0]
        _name, text = next(choices)
        header, digits = text.split("\n")
        indent = re.sub(r"[^ ]", "", found[0]) if "\\n" not in found[1] else ""
        return f"{header}{found[1]}{indent}{digits}"

    def more(found: re.Match[str]) -> str:
        margin = found[1] + " " * 20
        return " !vault |" + margin + margin.join(next(choices)[1].split("\n")) + found[1]

    # A made-up file has few vaulted values, and many that are just this word.
    return _IN_FILE.sub(real, _PLAIN.sub(more, file.text))


def check(text: str, work: Order) -> Rekeyed | None:
    """Move what is in a text and hold the outcome against the laws; None when it was refused, with a reason."""
    before = text.encode("utf-8")
    try:
        done = rekey(before, work, is_yaml=True)
    except VaultFileError as refusal:
        if "does not read back" in str(refusal):
            raise
        return None
    after = done.content.decode("utf-8")
    assert masked(after) == masked(text)
    assert said(after, ("new",)) == said(text, ("old", "older", "new"))
    states = collections.Counter(place.state for place in done.places)
    assert (done.content == before) == (not states["moved"])
    again = rekey(done.content, work, is_yaml=True)
    assert again.content == done.content
    assert [place.state for place in again.places] == [
        "done" if place.state == "moved" else place.state for place in done.places
    ]
    return done


def masked(text: str) -> str:
    return _CIPHER_TEXT.sub("<vaulted>", text)


def said(text: str, names: t.Sequence[str]) -> list[t.Any]:
    """All documents as plain data. What these secrets do not open is the text that stands there."""

    opened = functools.partial(opened_with, tuple(names))
    body = text.removeprefix("\ufeff")
    try:
        return [json.loads(body, object_hook=lambda each: _out_of_json(each, opened))]
    except ValueError:
        pass
    loader: t.Any = type("Loader", (yaml.SafeLoader,), {})
    for tag in ("!vault", "!vault-encrypted"):
        loader.add_constructor(tag, lambda _loader, node: opened(node.value))
    loader.add_constructor("!unsafe", lambda _loader, node: node.value)
    return list(yaml.load_all(body, Loader=loader))


@functools.cache
def opened_with(names: tuple[str, ...], vaulttext: str) -> str:
    """The plain text with a word before it, or the cipher text when none of these secrets opens it."""
    for name in names:
        try:
            return f"opened {VaultLib([('any', SECRETS[name])]).decrypt(vaulttext.encode()).decode()}"
        except AnsibleError:
            continue
    return vaulttext


def _out_of_json(members: dict[str, t.Any], opened: t.Callable[[str], str]) -> t.Any:
    return opened(members["__ansible_vault"]) if list(members) == ["__ansible_vault"] else members
