# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls on /v1/serviceids and /v1/serviceid_groups: the robot identities that own keys."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import asked_for, forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import (
    Activity,
    SendRequest,
    delete,
    history_in,
    path_of,
    switch,
    with_version,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotUnderstood
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import iam_id_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import (
    Spoiled,
    each_entry,
    each_understood,
)

# Without it IAM does not tell the group (iam-facts.md 4.1).
SHOW_GROUP = {"show_group_id": "true"}

FOLDER = "/v1/serviceids"


SERVICE_ID_IDENTITY: dict[str, forms.Form] = {"id": forms.SERVICE_ID, "name": forms.text, "iam_id": forms.IAM_ID}
SERVICE_ID_MEMBERS: dict[str, forms.Form] = {
    "account_id": forms.ACCOUNT_ID,
    "description": forms.text,
    "unique_instance_crns": forms.crns,
    "locked": forms.flag,
    "group_id": forms.GROUP_ID,
    "created_at": forms.past,
    "modified_at": forms.past,
    "crn": forms.text,
    "entity_tag": forms.VISIBLE,
}


@dataclass(frozen=True)
class ServiceId:
    """One service ID; `id` is ServiceId-..., `iam_id` is iam-ServiceId-... ."""

    id: str
    iam_id: str
    name: str
    account_id: str
    description: str | None = None
    unique_instance_crns: tuple[str, ...] = ()
    locked: bool = False
    group_id: str | None = None
    created_at: str | None = None
    modified_at: str | None = None
    crn: str | None = None
    entity_tag: str | None = None

    @classmethod
    def from_iam(cls, entry: t.Any, action: str) -> ServiceId:
        """Read one entry of an answer; raises NotUnderstood when a member has a foreign form."""
        told = forms.understood(entry, SERVICE_ID_IDENTITY, SERVICE_ID_MEMBERS, "a service ID", action)
        if told["iam_id"] != iam_id_of(told["id"]):
            raise NotUnderstood(
                f"IBM Cloud IAM described service ID {told['id']} in a form that is not understood: "
                f"its iam_id is that of another one (asked to {action})"
            )
        return cls(**{"account_id": "", **told})


@dataclass(frozen=True)
class ServiceIdDetails:
    """A service ID with what IAM tells only when it is asked to."""

    service_id: ServiceId
    history: list[dict[str, t.Any]]
    activity: Activity | None = None

    @classmethod
    def from_iam(cls, entry: t.Any, action: str) -> ServiceIdDetails:
        service_id = ServiceId.from_iam(entry, action)
        return cls(service_id, history_in(entry, action) or [], Activity.from_iam(entry.get("activity"), action))


class ServiceIds:
    """Reads and changes service IDs; every method raises an `IamError` when IAM does not do as asked."""

    def __init__(self, send: SendRequest) -> None:
        self._send = send

    def search(
        self, account_id: str, spoiled: Spoiled | None = None, **query: str | None
    ) -> t.Iterator[ServiceIdDetails]:
        """The service IDs of one group, one by one; of the default group unless `group_id` is given.

        One that is not understood ends the list with an error, unless `spoiled` is told of it: then it is left out.

        `name` is matched exactly. Further members of `query`: `filter` and `include_history`, as IBM names them.
        """
        asked = {"account_id": account_id, **SHOW_GROUP, **query}
        what = f"look for service ID {query['name']}" if query.get("name") else "list the service IDs"
        entries = each_entry(self._send, FOLDER, "serviceids", asked, what)

        def read(entry: t.Any) -> ServiceIdDetails:
            told = ServiceIdDetails.from_iam(entry, what)
            asked_for.check_owner("service ID", told.service_id, what, account_id=account_id)
            return told

        return each_understood(entries, read, spoiled)

    def list_named(self, name: str, account_id: str, group_id: str | None = None) -> list[ServiceId]:
        """All service IDs of one group with exactly this name; names are not unique."""
        found = (told.service_id for told in self.search(account_id, name=name, group_id=group_id))
        return [each for each in found if each.name == name]

    def get(self, service_id: str) -> ServiceId:
        return self.read(service_id).service_id

    def read(self, service_id: str, **query: str | None) -> ServiceIdDetails:
        """One service ID; `query` may hold `include_history` and `include_activity`, which IBM calls expensive."""
        asked = {name: value for name, value in {**SHOW_GROUP, **query}.items() if value}
        action = f"read service ID {service_id}"
        reply = self._send("GET", _path(service_id), action, query=asked)
        details = ServiceIdDetails.from_iam(with_version(reply), action)
        asked_for.check_same("service ID", details.service_id.id, service_id, action)
        return details

    def create(
        self,
        name: str,
        account_id: str,
        description: str | None = None,
        *,
        locked: bool = False,
        **more: t.Any,
    ) -> ServiceId:
        """Create a service ID; `more` may hold `group_id` and `unique_instance_crns`, as IBM names them."""
        wanted = {"name": name, "account_id": account_id, "description": description, **more}
        action = f"create service ID {name}"
        reply = self._send(
            "POST",
            FOLDER,
            action,
            query=SHOW_GROUP,
            headers={"Entity-Lock": str(locked).lower()},
            json={member: value for member, value in wanted.items() if value is not None},
        )
        made = ServiceId.from_iam(reply.body, action)
        asked_for.check_made("the service ID", made, action, name=name, account_id=account_id)
        return made

    def update(self, service_id: str, changes: dict[str, t.Any], entity_tag: str | None) -> ServiceId:
        if not entity_tag:
            raise NotUnderstood(
                f"IBM Cloud IAM told no version of service ID {service_id}, so it cannot be changed safely"
            )
        headers = {"If-Match": entity_tag}
        what = f"change service ID {service_id}"
        reply = self._send("PUT", _path(service_id), what, query=SHOW_GROUP, json=changes, headers=headers)
        changed = ServiceId.from_iam(reply.body, what)
        asked_for.check_same("service ID", changed.id, service_id, what)
        return changed

    def delete(self, service_id: str) -> bool:
        """Delete a service ID and all its API keys; False when IAM knows of none, which is no proof that it is gone.

        Raises NotPermitted when IAM says so and still shows it.
        """
        what = f"delete service ID {service_id}"
        return delete(self._send, _path(service_id), what, lambda: self.get(service_id))

    def lock(self, service_id: str) -> None:
        self._set_locked("POST", service_id, "lock")

    def unlock(self, service_id: str) -> None:
        self._set_locked("DELETE", service_id, "unlock")

    def _set_locked(self, method: str, service_id: str, verb: str) -> None:
        path, action = f"{_path(service_id)}/lock", f"{verb} service ID {service_id}"
        switch(self._send, method, path, action, lambda: self.get(service_id).locked)

    def list_keys(self, service_id: ServiceId) -> list[ApiKey]:
        """All API keys of a service ID, whichever group it is in."""
        query = {"iam_id": service_id.iam_id, "account_id": service_id.account_id, "group_id": service_id.group_id}
        action = f"list the API keys of {service_id.iam_id}"
        entries = each_entry(self._send, "/v1/apikeys", "apikeys", query, action)
        keys = [ApiKey.from_iam(each, action) for each in entries]
        for key in keys:
            asked_for.check_owner("API key", key, action, iam_id=service_id.iam_id, account_id=service_id.account_id)
        return keys

    def list_groups(self, account_id: str) -> list[dict[str, t.Any]]:
        """The service-ID groups of an account, each with id and name; IAM tells them without pages."""
        query = {"account_id": account_id}
        action = "list the service-ID groups"
        body = self._send("GET", "/v1/serviceid_groups", action, query=query).body
        groups = body.get("serviceid_groups") if isinstance(body, dict) else None
        if not isinstance(groups, list):
            raise NotUnderstood(f"the answer to {action} holds no list of serviceid_groups")
        members: dict[str, forms.Form] = {"id": forms.GROUP_ID, "name": forms.text}
        return [forms.understood(group, members, {}, "a service-ID group", action) for group in groups]


def _path(service_id: str) -> str:
    return path_of(FOLDER, service_id, "a service ID")
