# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user gives to be imported: values in variables, files as they lie about, entries of vault files.

Nothing that is given is quoted: a place is a file with a line, an option with a number, or the path of a variable.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import Item, take_items
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.unwrapped import text_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_in, texts_like_a_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import read_own_bytes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path, parse_path, shown_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import VaultFile

MOST_ITEMS = 500
Protect = t.Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """An entry of a vault file; `spelled` is the file as the user wrote it."""

    file: str
    spelled: str
    path: Path


@dataclass(frozen=True)
class Offer:
    """One key to be imported. `variable` is the name that the user chose; `stays_in` is where the value is already."""

    item: Item
    variable: str | None = None
    stays_in: Place | None = None


@dataclass
class Offers:
    """`problems` tell of what can be no key; `nothing_in` are the lines of files in which none was found."""

    offers: list[Offer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def add(self, text: str, name: str, protect: Protect, *, has_lines: bool, variable: str | None = None) -> None:
        found, lines = take_items(text, name, protect, has_lines=has_lines)
        values = [item for item in found if item.key_id is None]
        self.offers += [Offer(item, variable) for item in values]
        self.lines += lines
        if not values:
            what = (
                "only the id of an API key, and no value" if found else "nothing that could be the value of an API key"
            )
            self.problems.append(f"{name}: {what}")


def protect_given(values: t.Any, protect: Protect) -> None:
    """Protect every text that is given as a value; the name of a variable is none, unless it looks so."""
    for text in (*texts_in(values), *texts_like_a_value(values)):
        protect(text)


def read_values(values: t.Any, offers: Offers, protect: Protect) -> None:
    """Take in `values`: a text, a list of texts, or a mapping of variables to texts."""
    listed: list[tuple[str, str | None, t.Any]]
    if isinstance(values, Mapping):
        listed = [(f"values: {_name(name, number)}", str(name), text) for number, (name, text) in _numbered(values)]
    else:
        texts = values if isinstance(values, list) else [] if values is None else [values]
        listed = [(f"entry {number} of `values`", None, text) for number, text in enumerate(texts, 1)]
    for place, variable, text in listed:
        if not isinstance(text, str):
            raise TaskRefused(f"{place} is no text. Nothing was changed; give each value as one text")
        if text.strip():
            offers.add(text, place, protect, has_lines="\n" in text.strip(), variable=variable)
        else:
            offers.problems.append(f"{place}: blank")


def read_files(paths: t.Sequence[str], offers: Offers, protect: Protect) -> None:
    """Take in files, and those in folders; raises TaskRefused for one that cannot be read."""
    for path in dict.fromkeys(file for each in paths for file in _files_at(each)):
        try:
            text = text_of(read_own_bytes(path))
        except OSError as error:
            raise TaskRefused(f"files: {path} cannot be read: {reason_of(error)}. Nothing was changed") from None
        offers.add(text, path, protect, has_lines=True)


def read_vaulted(
    file: str, spelled: str, variables: t.Sequence[t.Any], offers: Offers, cipher: Cipher, protect: Protect
) -> None:
    """Take in entries of a vault file, which stay where they are; raises a VaultFileError for one that is closed."""
    vault_file = VaultFile(file, cipher)
    snapshot = vault_file.read()
    for variable in variables:
        path = parse_path(variable, "vaulted: variables")
        place = f"{spelled}: {shown_path(path)}"
        value = vault_file.value(snapshot, path)
        if not isinstance(value, str) or not value.strip():
            offers.problems.append(f"{place}: {'nothing is there' if value is None else 'no text with a value'}")
            continue
        protect(value)
        offers.offers.append(Offer(Item(place, None, (value,)), stays_in=Place(file, spelled, path)))


def check_number(offers: Offers) -> None:
    """Raise TaskRefused for more than can be looked up in a reasonable time."""
    if len(offers.offers) > MOST_ITEMS:
        raise TaskRefused(
            f"{len(offers.offers)} texts could be API keys, and {MOST_ITEMS} are looked up at most. Nothing was "
            "changed; import in several parts"
        )


def _numbered(values: Mapping[t.Any, t.Any]) -> t.Iterator[tuple[int, tuple[t.Any, t.Any]]]:
    return enumerate(values.items(), 1)


def _name(name: t.Any, number: int) -> str:
    """A name that looks like a value was put on the wrong side of the colon."""
    return f"entry {number}" if any(texts_like_a_value(str(name))) else str(name)


def _files_at(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise TaskRefused(f"files: {path} cannot be read: {reason_of(error)}. Nothing was changed") from None
    found = [os.path.join(path, name) for name in names]
    folders = [each for each in found if os.path.isdir(each)]
    if folders or not found:
        what = f"holds the folder {folders[0]}, and folders are not entered" if folders else "is an empty folder"
        raise TaskRefused(f"files: {path} {what}. Nothing was changed; name what holds the keys")
    return found
