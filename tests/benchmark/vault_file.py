# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What it costs to change a vars file of 1,000 vaulted values, beside decrypting all and dumping with PyYAML.

python tests/benchmark/vault_file.py     prints a table, and fails when a limit is passed or too much is decrypted

The limits are meant for ansible-core 2.19 and newer. Older ones keep no derived key, so that the proof after an edit
costs one more decryption for each new value, and their own loader does less.

Times are processor time of this process, the best of a few turns, with no cache left from the turn before.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ansible.parsing.vault
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.release import __version__ as core_version
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import frame, nodes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile

SECRETS = [("dev", VaultSecret(b"password of the benchmark"))]
SIZE, MANY = 1000, 200
TURNS = 5


@dataclass
class Counted:
    """How often the vault was asked, and how often a text was parsed, in one turn."""

    encryptions: int = 0
    decrypted: set[bytes] = field(default_factory=set)
    parses: int = 0


@dataclass(frozen=True)
class Row:
    what: str
    seconds: float
    counted: Counted


def main() -> int:
    """Measure, print, and return 1 when a limit is passed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vars.yml"
        Path(folder, "fresh.yml").touch()
        make_file(path)
        rows = measured(path)
    parse, encrypt = rows["parse"].seconds, rows["encrypt"].seconds
    print(f"{SIZE} vaulted values, ansible-core {core_version}, Python {sys.version.split()[0]}\n")
    print(f"{'':44}{'ms':>9}{'x parse':>9}{'encrypt':>9}{'decrypt':>9}{'parses':>8}")
    for row in rows.values():
        counted = row.counted
        numbers = f"{counted.encryptions:9}{len(counted.decrypted):9}{counted.parses:8}"
        print(f"{row.what:44}{row.seconds * 1000:9.1f}{row.seconds / parse:9.1f}{numbers}")
    return report(rows, parse, encrypt)


def report(rows: dict[str, Row], parse: float, encrypt: float) -> int:
    """The limits, each with what was measured."""
    one, add, replace = rows["one"], rows["add"], rows["replace"]
    # A run that is not the one that encrypted derives a key for each value that it compares with.
    compare = MANY * rows["decrypt"].seconds
    checks = [
        ("set one: at most 3 parses", one.seconds, 3 * parse),
        (f"add {MANY}: at most {MANY} encryptions + 5 parses", add.seconds, MANY * encrypt + 5 * parse),
        (f"replace {MANY}: that + {MANY} decryptions", replace.seconds, MANY * encrypt + 5 * parse + compare),
        ("set one: values encrypted", one.counted.encryptions, 1),
        ("set one: other values decrypted", len(one.counted.decrypted) - 2, 0),
        (f"add {MANY}: values encrypted", add.counted.encryptions, MANY),
        (f"replace {MANY}: values encrypted", replace.counted.encryptions, MANY),
        (f"replace {MANY}: other values decrypted", len(replace.counted.decrypted) - 2 * MANY, 0),
        (f"replace {MANY}: texts parsed", replace.counted.parses, 5),
    ]
    print()
    for what, value, limit in checks:
        shown = f"{value:g} of {limit:g}" if isinstance(value, int) else f"{value * 1000:.1f} of {limit * 1000:.1f} ms"
        print(f"{'ok' if value <= limit else 'TOO MUCH':9}{what}: {shown}")
    return int(any(value > limit for _what, value, limit in checks))


def make_file(path: Path) -> None:
    edits = [Edit((f"secret_{number}",), f"the value of number {number}, {'x' * 40}") for number in range(SIZE)]
    VaultFile(str(path), Cipher(SECRETS), create=True).apply(edits)


def measured(path: Path) -> dict[str, Row]:
    text = path.read_text(encoding="utf-8")
    one_value = next(iter(Lenient(text).get_single_data().values()))
    edits = {
        "one": [Edit((f"secret_{SIZE // 2}",), "a new value")],
        "add": [Edit((f"new_{number}",), "a new value") for number in range(MANY)],
        "replace": [Edit((f"secret_{number * 5}",), "a new value") for number in range(MANY)],
    }
    works: dict[str, tuple[str, Callable[[], object]]] = {
        "parse": ("parse the file as Ansible does", lambda: loader().load(text)),
        "events": ("its YAML events alone (PyYAML, C)", lambda: list(yaml.parse(text, Loader=yaml.CSafeLoader))),
        "nodes": ("parse it as this collection does", lambda: nodes.parse(text)),
        "encrypt": ("encrypt one value", lambda: encrypt("a new value")),
        "decrypt": ("decrypt one value", lambda: vault().decrypt(one_value)),
        "one": ("set one value", lambda: edit(path, text, edits["one"])),
        "add": (f"add {MANY} values", lambda: edit(path, text, edits["add"])),
        "replace": (f"replace {MANY} values", lambda: edit(path, text, edits["replace"])),
        "dump": ("decrypt all, set one, dump with PyYAML", lambda: rewrite(path, text)),
    }
    return {name: measure(what, work, 1 if name == "dump" else TURNS) for name, (what, work) in works.items()}


def measure(what: str, work: Callable[[], object], turns: int) -> Row:
    """The best of some turns, and then one more in which calls are counted."""
    best = float("inf")
    for _turn in range(turns):
        forget()
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    forget()
    return Row(what, best, counting(work))


def forget() -> None:
    """Empty what a new process would not have: parsed texts and, since ansible-core 2.19, derived keys."""
    nodes.PAGES.clear()
    frame.FRAMES.clear()
    for member in vars(ansible.parsing.vault).values():
        for candidate in (member, *(vars(member).values() if isinstance(member, type) else ())):
            clear = getattr(getattr(candidate, "__func__", candidate), "cache_clear", None)
            if clear is not None:
                clear()


def counting(work: Callable[[], object]) -> Counted:
    counted = Counted()
    saved = (VaultLib.encrypt, VaultLib.decrypt, nodes.yaml.parse)

    @functools.wraps(saved[0])
    def counted_encrypt(self: t.Any, *args: t.Any, **options: t.Any) -> t.Any:
        counted.encryptions += 1
        return saved[0](self, *args, **options)

    @functools.wraps(saved[1])
    def counted_decrypt(self: t.Any, vaulttext: t.Any, *args: t.Any, **options: t.Any) -> t.Any:
        counted.decrypted.add(bytes(vaulttext))
        return saved[1](self, vaulttext, *args, **options)

    def counted_parse(*args: t.Any, **options: t.Any) -> t.Any:
        counted.parses += 1
        return saved[2](*args, **options)

    VaultLib.encrypt, VaultLib.decrypt, nodes.yaml.parse = counted_encrypt, counted_decrypt, counted_parse
    try:
        work()
    finally:
        VaultLib.encrypt, VaultLib.decrypt, nodes.yaml.parse = saved
    return counted


def edit(path: Path, text: str, edits: list[Edit]) -> None:
    path.write_text(text, encoding="utf-8")
    VaultFile(str(path), Cipher(SECRETS)).apply(edits)


def rewrite(path: Path, text: str) -> None:
    """What one does without this collection: every comment is lost and every value gets new cipher text."""
    data = {name: vault().decrypt(value).decode() for name, value in Lenient(text).get_single_data().items()}
    data[f"secret_{SIZE // 2}"] = "a new value"
    sealed = {name: Vaulted(encrypt(value)) for name, value in data.items()}
    path.write_text(yaml.dump(sealed, Dumper=VaultDumper, sort_keys=False), encoding="utf-8")


def encrypt(value: str) -> str:
    return t.cast(bytes, vault().encrypt(value, secret=SECRETS[0][1], vault_id="dev", salt=os.urandom(32))).decode()


def vault() -> t.Any:
    return VaultLib(SECRETS)


def loader() -> t.Any:
    """Ansible's own, that a play loads group_vars with."""
    made: t.Any = DataLoader()
    made.set_vault_secrets(SECRETS)
    return made


class Lenient(yaml.CSafeLoader):
    """Gives cipher text as it stands there."""


class Vaulted(str):
    """Cipher text on its way to a file."""

    __slots__ = ()


class VaultDumper(yaml.CSafeDumper):
    """Writes cipher text as a block."""


Lenient.add_constructor("!vault", lambda _loader, node: node.value.encode())
VaultDumper.add_representer(Vaulted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))

if __name__ == "__main__":
    sys.exit(main())
