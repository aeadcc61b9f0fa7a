# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells what a vault file holds, without a value. It works on the controller, where the vault secrets are."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._collection_action import ControllerAction
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import (
    found_files,
    is_one_file,
    told_of_files,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import plain_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    Cipher,
    Contents,
    Snapshot,
    VaultFile,
)

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path"},
        "paths": {"type": "list", "elements": "path"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "try_decrypt": {"type": "bool", "default": True},
    },
    "mutually_exclusive": [["path", "paths"]],
    "required_one_of": [["path", "paths"]],
}


class ActionModule(ControllerAction):
    """A task that never talks to its host, and never changes anything."""

    spec = SPEC

    def do_work(self, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        cipher, tries = Cipher.of_this_run(self._loader), params["try_decrypt"]
        if params["paths"] == []:
            raise TaskRefused("paths names no file, folder or pattern. Nothing was changed")
        paths = [self.absolute_path(path) for path in params["paths"] or [params["path"]]]
        if params["path"] is not None and is_one_file(paths[0]):
            if params["exclude"]:
                raise TaskRefused(
                    "exclude is for folders and patterns: the file that path names is read, so it leaves nothing out"
                )
            return _told(VaultFile(paths[0], cipher), tries)
        left: list[str] = []
        files = found_files(paths, params["exclude"], left.append)
        return {**_told_of_all(files, cipher, tries), "warnings": list(told_of_files(files, left))}


def _told(file: VaultFile, tries: bool) -> dict[str, t.Any]:
    snapshot = file.read()
    contents = file.contents(snapshot, tries=tries)
    variables = [
        {
            "name": plain_path(entry.path),
            "document": entry.document,
            "line": entry.line,
            # Everything in a file that is encrypted as a whole is under its id.
            "vault_ids": list(dict.fromkeys([*filter(None, [contents.label]), *entry.labels])),
            "decryptable": entry.is_decryptable,
        }
        for entry in contents.entries
    ]
    return {
        "changed": False,
        **_told_of(snapshot, contents),
        "exists": snapshot.exists,
        "vars": variables,
        "places": _places(snapshot.path, contents, tries),
    }


def _inside(file: VaultFile, snapshot: Snapshot, tries: bool) -> tuple[Contents, str | None]:
    """A file that is encrypted as a whole need not hold variables; which secret opens it is known all the same."""
    try:
        contents = file.contents(snapshot, tries=tries)
    except VaultFileError as error:
        return file.closed_contents(snapshot), str(error)
    is_closed = contents.label is not None and not contents.is_open
    return (file.closed_contents(snapshot) if is_closed else contents), None


def _told_of(snapshot: Snapshot, contents: Contents) -> dict[str, t.Any]:
    return {
        "path": snapshot.path,
        "layout": snapshot.layout if snapshot.exists else None,
        "revision": snapshot.revision,
        "vault_ids": contents.labels,
        "decryptable": contents.is_decryptable,
    }


def _places(path: str, contents: Contents, tries: bool) -> list[dict[str, t.Any]]:
    return [
        {
            "file": path,
            "document": place.document,
            "name": plain_path(place.path),
            "line": place.line,
            "vault_id": place.label,
            "opened_by": place.opener[0] if place.opener else None,
            "secret_number": place.opener[1] if place.opener else None,
            "decryptable": place.opener is not None if tries else None,
        }
        for place in contents.places
    ]


def _told_of_all(paths: list[str], cipher: Cipher, tries: bool) -> dict[str, t.Any]:
    """Files side by side; one that cannot be read is told of, and is not decryptable."""
    files: list[dict[str, t.Any]] = []
    places: list[dict[str, t.Any]] = []
    for path in paths:
        file = VaultFile(path, cipher)
        try:
            snapshot = file.read()
        except VaultFileError as error:
            files.append({"path": path, "decryptable": False, "vault_ids": [], "problem": str(error)})
            continue
        contents, problem = _inside(file, snapshot, tries)
        files.append({**_told_of(snapshot, contents), "problem": problem})
        places += _places(path, contents, tries)
    states = [file["decryptable"] for file in files]
    return {
        "changed": False,
        "files": files,
        "places": places,
        "vault_ids": list(dict.fromkeys(label for file in files for label in file["vault_ids"])),
        "decryptable": False if False in states else None if None in states else True,
    }
