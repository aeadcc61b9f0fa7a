# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An instance of IBM Cloud Secrets Manager (https://cloud.ibm.com/apidocs/secrets-manager/secrets-manager-v2)."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Json, Refused, Request, Service

ADDRESS = re.compile(r"/api/v2/secrets/([0-9a-f-]{36})(/versions)?")


class SecretsManager(Service):
    """`versions` are the payloads of each arbitrary secret, oldest first; it takes a token of IAM."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, list[str]] = {}
        self.others: dict[str, Json] = {}

    def answer(self, request: Request) -> tuple[int, t.Any]:
        if not re.fullmatch(r"Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+", request.headers.get("Authorization", "")):
            raise _no(401, "unauthorized", "The authorization token is missing or not valid")
        found = ADDRESS.fullmatch(request.path)
        if not found or not (found[1] in self.versions or found[1] in self.others):
            raise _no(404, "not_found", "The secret does not exist")
        if found[1] in self.others:
            return 200, self.others[found[1]]
        versions = self.versions[found[1]]
        if request.method == "POST":
            body = request.body
            if not found[2] or not isinstance(body.get("payload"), str) or not body["payload"]:
                raise _no(400, "invalid_request", "payload is required")
            versions.append(body["payload"])
            return 201, {"id": "v", "secret_id": found[1], "secret_type": "arbitrary", "payload": versions[-1]}
        secret = {"id": found[1], "secret_type": "arbitrary", "versions_total": len(versions)}
        return 200, {**secret, "payload": versions[-1]}


def _no(status: int, code: str, message: str) -> Refused:
    return Refused(status, {"errors": [{"code": code, "message": message}], "status_code": status})
