# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls on /v1/serviceids: the robot identities that own keys."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import Sends
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Invalid,
    NotFound,
    NotUnderstood,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import read_all_pages


@dataclass(frozen=True)
class ServiceId:
    """One service ID; `id` is ServiceId-..., `iam_id` is iam-ServiceId-... ."""

    id: str
    iam_id: str
    name: str
    account_id: str
    description: t.Optional[str] = None
    locked: bool = False
    created_at: t.Optional[str] = None
    modified_at: t.Optional[str] = None
    crn: t.Optional[str] = None
    entity_tag: t.Optional[str] = None

    @classmethod
    def from_iam(cls, entry: t.Any) -> ServiceId:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(m), str) for m in ("id", "name", "iam_id")):
            raise NotUnderstood("IBM Cloud IAM described a service ID without id, name or IAM ID")
        return cls(**{"account_id": "", **{m: entry[m] for m in cls.__dataclass_fields__ if m in entry}})


class ServiceIds:
    """Reads and changes service IDs of the default service-ID group."""

    def __init__(self, send: Sends):
        self._send = send

    def list_named(self, name: str, account_id: str) -> list[ServiceId]:
        """All service IDs with exactly this name; names are not unique."""

        def get(path: str, action: str, query: dict[str, t.Any]) -> t.Any:
            return self._send("GET", path, action, query=query).body

        query = {"account_id": account_id, "name": name}
        entries = read_all_pages(get, "/v1/serviceids", "serviceids", query, f"look for service ID {name}")
        return [found for found in map(ServiceId.from_iam, entries) if found.name == name]

    def get(self, service_id: str) -> ServiceId:
        reply = self._send("GET", _path(service_id), f"read service ID {service_id}")
        return ServiceId.from_iam({**reply.body, "entity_tag": reply.etag or reply.body.get("entity_tag")})

    def create(self, name: str, account_id: str, description: str | None) -> ServiceId:
        body = {"name": name, "account_id": account_id}
        if description is not None:
            body["description"] = description
        return ServiceId.from_iam(self._send("POST", "/v1/serviceids", f"create service ID {name}", json=body).body)

    def update(self, service_id: str, changes: dict[str, t.Any], entity_tag: str | None) -> ServiceId:
        if not entity_tag:
            raise NotUnderstood(
                f"IBM Cloud IAM told no version of service ID {service_id}, so it cannot be changed safely"
            )
        headers = {"If-Match": entity_tag}
        reply = self._send("PUT", _path(service_id), f"change service ID {service_id}", json=changes, headers=headers)
        return ServiceId.from_iam(reply.body)

    def delete(self, service_id: str) -> bool:
        """Delete a service ID and all its API keys; False when it was gone already."""
        try:
            self._send("DELETE", _path(service_id), f"delete service ID {service_id}")
        except NotFound:
            return False
        return True


def _path(service_id: str) -> str:
    if not service_id or not all(character.isalnum() or character in "-_" for character in service_id):
        raise Invalid(f"not the id of a service ID: {service_id!r}")
    return f"/v1/serviceids/{service_id}"
