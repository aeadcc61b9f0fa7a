# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Vault with a mount of KV version 2, and one of version 1.

Rules: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Json, Refused, Request, Service


class Vault(Service):
    """`versions` are those of each secret, oldest first; None is one that was deleted."""

    def __init__(self, namespace: str = "") -> None:
        super().__init__()
        self.namespace = namespace
        self.versions: dict[str, list[Json | None]] = {}
        self.first_version: dict[str, Json] = {}

    def current(self, path: str) -> Json | None:
        return self.versions[path][-1]

    def answer(self, request: Request) -> tuple[int, t.Any]:
        # https://developer.hashicorp.com/vault/api-docs: the token is a header; 403 for a wrong one and for a path
        # that it may not see. A namespace that is not told is the root, where the mount of another one is not.
        if request.headers.get("X-Vault-Token") != self.token:
            raise Refused(403, {"errors": ["permission denied"]})
        if request.headers.get("X-Vault-Namespace", "").strip("/") != self.namespace:
            raise Refused(404, {"errors": []} if request.method == "GET" else {"errors": ["no handler for route"]})
        _root, version, mount, *rest = request.path.split("/")
        path = "/".join(rest)
        if version != "v1" or not all(rest):
            raise Refused(404, {"errors": ["no handler for route"]})
        if mount == "old":
            return self._version_1(path, request)
        if mount != "secret" or rest[0] != "data":
            raise Refused(404, {"errors": ["no handler for route"]})
        return self._read(path[5:]) if request.method == "GET" else self._write(path[5:], request)

    def _read(self, path: str) -> tuple[int, t.Any]:
        versions = self.versions.get(path)
        if not versions:
            return 404, {"errors": []}
        answer = {"data": {"data": versions[-1], "metadata": {"version": len(versions), "destroyed": False}}}
        # "Read secret version": a deleted version is a 404 with metadata.
        return (200 if versions[-1] is not None else 404), answer

    def _write(self, path: str, request: Request) -> tuple[int, t.Any]:
        body = request.body
        # "Create/update secret": POST; `data` is required and a map; `options.cas` is an int.
        if request.method != "POST":
            raise Refused(405, {"errors": ["unsupported operation"]})
        if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
            raise Refused(400, {"errors": ["no data provided"]})
        cas = body.get("options", {}).get("cas")
        # As with `cas_required`.
        if not isinstance(cas, int) or isinstance(cas, bool):
            raise Refused(400, {"errors": ["check-and-set parameter required for this call"]})
        versions = self.versions.setdefault(path, [])
        if cas != len(versions):
            raise Refused(400, {"errors": ["check-and-set parameter did not match the current version"]})
        versions.append(body["data"])
        return 200, {"data": {"version": len(versions), "destroyed": False}}

    def _version_1(self, path: str, request: Request) -> tuple[int, t.Any]:
        """Takes anything as the secret, and gives it back (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1)."""
        if request.method == "GET":
            if path not in self.first_version:
                raise Refused(404, {"errors": []})
            return 200, {"data": self.first_version[path]}
        self.first_version[path] = request.body
        return 204, None
