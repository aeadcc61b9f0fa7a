# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoints of /v1/serviceid_groups."""

from __future__ import annotations

from .bodies import json_body, require
from .call import Call
from .entities import ServiceIdGroup
from .messages import NO_CONTENT, Answer, json_answer
from .refusals import Refusal, invalid, not_found

CHANGEABLE_PROPERTIES: dict[str, type] = {"name": str, "description": str}
CREATE_PROPERTIES: dict[str, type] = {**CHANGEABLE_PROPERTIES, "account_id": str}


def list_groups(call: Call) -> Answer:
    """GET /v1/serviceid_groups: all at once, without pages."""
    call.check_account(call.request.query.get("account_id", call.caller.account_id))
    call.check_role("serviceid.get")
    return json_answer({"serviceid_groups": [group.show() for group in call.world.groups.values()]})


def create_group(call: Call) -> Answer:
    """POST /v1/serviceid_groups."""
    body = json_body(call.request, CREATE_PROPERTIES)
    require(body, "account_id", "name")
    if body["account_id"] != call.caller.account_id:
        raise invalid("Property account_id is not the account of the caller.")
    call.check_role("group.manage")
    _check_name_is_free(call, body["name"])
    group = call.world.new_group(body["name"], body.get("description") or None, call.caller)
    return call.tagged(group, group.show(), 201)


def _check_name_is_free(call: Call, name: str, but_for: ServiceIdGroup | None = None) -> None:
    if any(group.name == name and group is not but_for for group in call.world.groups.values()):
        raise Refusal(409, "The account has a group of this name.")


def find_group(call: Call, group_id: str, action: str) -> ServiceIdGroup:
    """The group with this id, if the caller may do this with it; 404 when there is none."""
    group = call.world.groups.get(group_id)
    if group is None:
        raise not_found("ServiceIdGroup", group_id)
    call.check_role(action)
    return group


def show_group(call: Call, group_id: str) -> Answer:
    """GET /v1/serviceid_groups/{id}."""
    group = find_group(call, group_id, "serviceid.get")
    return call.tagged(group, group.show())


def update_group(call: Call, group_id: str) -> Answer:
    """PUT /v1/serviceid_groups/{id}."""
    group = find_group(call, group_id, "group.manage")
    call.check_tag(group)
    body = json_body(call.request, CHANGEABLE_PROPERTIES)
    if "name" in body:
        require(body, "name")
        _check_name_is_free(call, body["name"], but_for=group)
    for attribute, value in body.items():
        setattr(group, attribute, value or None)
    call.world.note_change(group, call.caller, "UPDATE")
    return call.tagged(group, group.show())


def delete_group(call: Call, group_id: str) -> Answer:
    """DELETE /v1/serviceid_groups/{id}: neither the default group nor one in use (iam-facts.md 4.4)."""
    group = find_group(call, group_id, "group.manage")
    is_used = any(service_id.group_id == group.id for service_id in call.world.service_ids.values())
    if is_used or group.id == call.world.default_group_id:
        raise Refusal(409, "The group is the default one or has service IDs.")
    del call.world.groups[group.id]
    return NO_CONTENT
