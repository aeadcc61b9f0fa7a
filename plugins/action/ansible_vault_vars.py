# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets and removes variables of a vault file. It works on the controller, where the vault secrets are."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import plain
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import ControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import parse_path, shown_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    ChangedMeanwhile,
    Cipher,
    Committed,
    Edit,
    VaultFile,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import secret_strings

_VARIABLE: dict[str, t.Any] = {
    "name": {"type": "raw"},
    # Not no_log: ansible-core 2.22 would mask every string in it everywhere, ids and dates too. Nothing returns it,
    # and the strings that are secret are protected one by one.
    "value": {"type": "raw", "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
_REVISION = re.compile(r"missing|sha256:[0-9a-f]{64}")
SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **_VARIABLE,
        "path": {"type": "path", "required": True},
        "vars": {
            "type": "list",
            "elements": "dict",
            "options": {**_VARIABLE, "name": {"type": "raw", "required": True}},
        },
        "plaintext_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "vault_id": {"type": "str"},
        "expect": {"type": "str"},
        "create": {"type": "bool", "default": False},
        "mode": {"type": "raw", "default": "0600"},
        "layout": {"type": "str", "choices": ["auto", "inline", "file"], "default": "auto"},
        "backup": {"type": "bool", "default": False},
        "lock_timeout_seconds": {"type": "float", "default": 30},
    },
    "mutually_exclusive": [["name", "vars"], ["value", "vars"]],
    "required_one_of": [["name", "vars"]],
}


class ActionModule(ControllerAction):
    """A task that never talks to its host."""

    spec = SPEC

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Do the task; every result says whether it failed because somebody else changed the file."""
        return {"conflict": False, **super().run(tmp, task_vars)}

    def hidden_in_arguments(self) -> t.Iterable[str]:
        return _values_in(plain(self._task.args))

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        try:
            return self._change(params, check_mode)
        except ChangedMeanwhile as error:
            return {"failed": True, "changed": False, "conflict": True, "msg": str(error)}

    def _change(self, options: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        edits = edits_of(options)
        for edit in edits:
            for secret in secret_strings(edit):
                protect(secret)
        expect = _revision(options["expect"])
        file = VaultFile(
            self.absolute_path(options["path"]),
            Cipher.of_this_run(self._loader),
            vault_id=options["vault_id"],
            lock_timeout_seconds=options["lock_timeout_seconds"],
            mode=_mode(options["mode"]),
            create=options["create"],
            layout=options["layout"],
            backup=options["backup"],
        )
        return _result(file.apply(edits, check_mode=check_mode, expect=expect))


def edits_of(options: dict[str, t.Any]) -> list[Edit]:
    """One edit for each variable of the task."""
    clear_keys = frozenset(options["plaintext_keys"])
    variables = options["vars"] if options["vars"] is not None else [options]
    return [_edit(variable, clear_keys) for variable in variables]


def _edit(variable: dict[str, t.Any], clear_keys: frozenset[str]) -> Edit:
    path = parse_path(variable["name"])
    if variable["state"] == "absent":
        return Edit(path, None, remove=True)
    if not isinstance(variable["value"], (str, dict)):
        raise VaultFileError(
            f"value of {shown_path(path)} must be a string or a mapping, because a vaulted number or boolean comes "
            "back as text; quote it, or use state=absent to remove the variable"
        )
    return Edit(path, variable["value"], plaintext_keys=clear_keys)


def _mode(mode: object) -> int:
    """A mode as the file module takes it: octal text, or the number that YAML made of 0600."""
    try:
        number = mode if isinstance(mode, int) else int(str(mode), 8)
    except ValueError:
        number = -1
    if not 0 <= number <= 0o7777:
        raise VaultFileError("mode must be an octal number such as '0600'")
    return number


def _revision(text: str | None) -> str | None:
    """An empty or mistaken `expect` must not turn the comparison off."""
    if text is None or _REVISION.fullmatch(text):
        return text
    raise VaultFileError("expect must be a revision, as this module and ansible_vault_vars_info return it")


def _result(committed: Committed) -> dict[str, t.Any]:
    snapshot = committed.snapshot
    before = [f"{shown_path(e.path)}: <previous value>\n" for e in committed.effects if e.existed]
    after = [f"{shown_path(e.path)}: <new value, vaulted>\n" for e in committed.effects if e.remains]
    result: dict[str, t.Any] = {
        "changed": committed.changed,
        "path": snapshot.path,
        "layout": snapshot.layout,
        "vault_id": committed.vault_id,
        "revision": snapshot.revision,
        "backup_file": committed.backup_file,
        "diff": {
            "before": "".join(before),
            "after": "".join(after),
            "before_header": snapshot.path,
            "after_header": snapshot.path,
        },
    }
    if committed.backup_file and committed.replaced_clear_text:
        result["warnings"] = [
            f"{committed.backup_file} holds a value in clear text, as the file did before; delete it when you can"
        ]
    return result


def _values_in(args: dict[str, t.Any]) -> t.Iterator[str]:
    """What the argument check must not quote: the values, wherever they were put."""
    yield from texts_in(args.get("value"))
    given = args.get("vars")
    for variable in given if isinstance(given, list) else [given]:
        if isinstance(variable, dict):
            yield from texts_in(
                [part for name, part in variable.items() if name not in ("name", "state") or not isinstance(part, str)]
            )
        else:
            yield from texts_in(variable)
