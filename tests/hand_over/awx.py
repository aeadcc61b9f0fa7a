# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The credentials of an AWX, behind its own path or that of the platform's gateway.

Rules: awx/main/models/credential.py (`Credential.save` keeps what is sent as $encrypted$, and refuses inputs that the
type does not have), awx/main/fields.py (`CredentialInputField`, in tests/awx/rules.py), awx/api/serializers.py
(`CredentialSerializer`: an empty name, and nobody's type), docs.ansible.com/automation-controller, "Access
Resources" (a path ends with a slash).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.tests.awx import rules
from ansible_collections.cloudkeys.ibmcloud.tests.awx.rules import check_credential
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Json, Refused, Request, Service

HIDDEN = "$encrypted$"
TYPE: Json = {
    "fields": [
        {"id": "api_key", "label": "IBM Cloud API key", "secret": True},
        {"id": "account_id", "label": "Account ID"},
        {"id": "note", "label": "Note", "secret": True},
    ],
    "required": ["api_key"],
}
SECRETS = ("api_key", "note")
# What may be sent of a credential.
MAY_CHANGE = {"name", "description", "organization", "credential_type", "inputs"}


@dataclass
class Credential:
    """`inputs` has the true values."""

    id: int
    name: str
    inputs: dict[str, str]
    description: str = ""

    def shown(self) -> dict[str, t.Any]:
        inputs = {name: HIDDEN if name in SECRETS else value for name, value in self.inputs.items()}
        return {"id": self.id, "name": self.name, "description": self.description, "inputs": inputs}


class Awx(Service):
    def __init__(self, prefix: str = "/api") -> None:
        super().__init__()
        self.prefix = prefix
        self.credentials: list[Credential] = []

    def answer(self, request: Request) -> tuple[int, t.Any]:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401, {"detail": "Authentication credentials were not provided."})
        found = re.fullmatch(rf"{self.prefix}/v2/credentials/(?:(\d+)/)?", request.path)
        if not found:
            raise Refused(404, {"detail": "The requested resource could not be found."})
        if found[1] is None:
            named = [each.shown() for each in self.credentials if each.name == request.query["name"]]
            return 200, {"count": len(named), "next": None, "previous": None, "results": named}
        (credential,) = (each for each in self.credentials if each.id == int(found[1]))
        if request.method == "PATCH":
            self._change(request, credential)
        return 200, credential.shown()

    @staticmethod
    def _change(request: Request, credential: Credential) -> None:
        body = request.body
        if request.headers.get_content_type() != "application/json":
            raise Refused(415, {"detail": "Unsupported media type in request."})
        if set(body) - MAY_CHANGE:
            raise Refused(400, {name: ["unknown field"] for name in set(body) - MAY_CHANGE})
        if not isinstance(body.get("description", ""), str):
            raise Refused(400, {"description": ["Not a valid string."]})
        try:
            check_credential(TYPE, body["inputs"], is_new=False)
        except rules.Refused as refused:
            raise Refused(400, {"inputs": [str(refused)]}) from None
        before = credential.inputs
        credential.inputs = {
            name: before[name] if value == HIDDEN and name in SECRETS else value
            for name, value in body["inputs"].items()
        }
        credential.description = body.get("description", credential.description)
