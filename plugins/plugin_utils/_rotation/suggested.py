# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slots for keys that have none yet: their variables, and their key names where several keys have one. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id, service_id_of

_NO_PART_OF_A_NAME = re.compile(r"[^a-z0-9]+")
# What Ansible, our roles and our playbooks read: a key that somebody called "account" must not become the log-in.
_MEANT_FOR_US = re.compile(
    "(?:ansible|account|audit_api_keys|cloudkeys|doctor|import_keys|leak|plan|history|rekey|revoke_leaked"
    "|rotate_api_keys|whose)_"
)
# With it no name is a word of Python, or one that Ansible has for itself, such as `vars`.
ENDING = "api_key"


class Names:
    """Gives out names that nobody has yet; names of keys are (owner's IAM ID, name).

    `variables` and `key_names` are those of slots. `keys` are the names of keys that are there, of which each is left
    to its own key.
    """

    def __init__(
        self,
        variables: t.Iterable[str] = (),
        key_names: t.Iterable[tuple[str, str]] = (),
        keys: t.Iterable[tuple[str, str]] = (),
    ) -> None:
        self._variables = set(variables)
        self._key_names = set(key_names)
        self._keys = frozenset(keys)

    def take_variable(self, words: str) -> str:
        """A name for a variable that says which key it is."""
        name = self.next_variable(words)
        self._variables.add(name)
        return name

    def next_variable(self, words: str) -> str:
        """The same, and it stays free."""
        return next(each for each in variables_for(words) if each not in self._variables)

    def is_free(self, name: str) -> bool:
        return name not in self._variables

    def reserve_variable(self, name: str) -> None:
        self._variables.add(name)

    def take_key_name(self, iam_id: str, name: str) -> str:
        """The name of a key; with a number for one whose owner has a slot of that name: two slots never share one."""
        taken = self._key_names | (self._keys - {(iam_id, name)})
        free = next(each for each in ((iam_id, each) for each in _numbered(name, " ")) if each not in taken)
        self._key_names.add(free)
        return free[1]


def variables_for(words: str) -> t.Iterator[str]:
    """The variables that a key of such a name may get, the best first; nothing but small letters, digits and `_`."""
    plain = _NO_PART_OF_A_NAME.sub("_", words.lower()).strip("_")
    if not plain.endswith(ENDING):
        plain = f"{plain}_{ENDING}".strip("_")
    if plain[0].isdigit() or _MEANT_FOR_US.match(plain):
        plain = f"key_{plain}"
    return _numbered(plain, "_")


def owner_options(iam_id: str, caller_iam_id: str) -> dict[str, str]:
    """How a slot names the owner; the caller's own keys are those of a slot that names none."""
    if is_service_id(iam_id):
        return {"service_id": service_id_of(iam_id)}
    return {} if iam_id == caller_iam_id else {"iam_id": iam_id}


def _numbered(name: str, between: str) -> t.Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}{between}{number}"
        number += 1
