# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets of a Kubernetes cluster, and who manages each key of them.

Rules: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and
https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
"""

from __future__ import annotations

import base64
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Refused, Request, Service

ADDRESS = re.compile(r"/api/v1/namespaces/([^/]+)/secrets/([^/]+)")


@dataclass
class Secret:
    """`owners` are the managers of each key of `data`."""

    data: dict[str, str] = field(default_factory=dict)
    owners: dict[str, set[str]] = field(default_factory=dict)
    immutable: bool = False


class Cluster(Service):
    def __init__(self) -> None:
        super().__init__()
        self.namespaces = {"apps"}
        self.secrets: dict[tuple[str, str], Secret] = {}

    def answer(self, request: Request) -> tuple[int, t.Any]:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise _no(401, "Unauthorized")
        found = ADDRESS.fullmatch(request.path)
        if not found:
            raise _no(404, "the server could not find the requested resource")
        namespace, name = found.groups()
        secret = self.secrets.get((namespace, name))
        if request.method == "GET":
            if secret is None:
                raise _no(404, f'secrets "{name}" not found')
            return 200, _shown(namespace, name, secret)
        if request.method != "PATCH":
            raise _no(405, "the server does not allow this method on the requested resource")
        return self._apply(namespace, name, secret, request)

    def _apply(self, namespace: str, name: str, secret: Secret | None, request: Request) -> tuple[int, t.Any]:
        # "The client is required to tell its field manager when it applies"; the media type says which patch it is.
        if request.headers.get("Content-Type") != "application/apply-patch+yaml":
            raise _no(415, "the body of the request was in an unknown format")
        manager = request.query.get("fieldManager", "")
        if not 0 < len(manager) <= 128 or not manager.isprintable():
            raise _no(422, "PatchOptions is invalid: fieldManager: Required value: is required for apply patch")
        body = request.body
        told = body.get("metadata", {})
        if (body.get("apiVersion"), body.get("kind")) != ("v1", "Secret") or (told.get("name"), told["namespace"]) != (
            name,
            namespace,
        ):
            raise _no(400, "the name of the object does not match the name on the URL")
        if namespace not in self.namespaces:
            raise _no(404, f'namespaces "{namespace}" not found')
        for key, text in body.get("data", {}).items():
            if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
                raise _no(422, f'Secret "{name}" is invalid: data[{key}]: Invalid value')
            base64.b64decode(text, validate=True)
        made = secret is None
        secret = self.secrets.setdefault((namespace, name), Secret())
        self._merge(name, secret, body["data"], manager, request.query.get("force") == "true")
        return (201 if made else 200), _shown(namespace, name, secret)

    @staticmethod
    def _merge(name: str, secret: Secret, data: dict[str, str], manager: str, force: bool) -> None:
        differs = {key for key, text in data.items() if secret.data.get(key, text) != text}
        others = {key: sorted(secret.owners.get(key, set()) - {manager}) for key in differs}
        conflicts = [f'conflict with "{owners[0]}" using v1: .data.{key}' for key, owners in others.items() if owners]
        if conflicts and not force:
            raise _no(409, f"Apply failed with {len(conflicts)} conflict: {conflicts[0]}")
        if secret.immutable and differs:
            raise _no(422, f'Secret "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set')
        for key, text in data.items():
            secret.data[key] = text
            secret.owners[key] = {manager} if key in differs else {*secret.owners.get(key, set()), manager}
        # What this manager had applied before, and leaves out now.
        for key in [key for key, owners in secret.owners.items() if manager in owners and key not in data]:
            secret.owners[key].discard(manager)
            if not secret.owners[key]:
                del secret.owners[key], secret.data[key]


def _shown(namespace: str, name: str, secret: Secret) -> dict[str, t.Any]:
    metadata = {"name": name, "namespace": namespace, "resourceVersion": "7"}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": dict(secret.data)}


def _no(status: int, message: str) -> Refused:
    return Refused(status, {"kind": "Status", "status": "Failure", "message": message, "code": status})
