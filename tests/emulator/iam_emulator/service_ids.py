# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoints of /v1/serviceids."""

from __future__ import annotations

from .api_key_changes import CREATE_PROPERTIES as KEY_PROPERTIES
from .api_key_changes import add_key
from .bodies import check_properties, json_body, require
from .call import Call
from .entities import ServiceId
from .messages import NO_CONTENT, Answer, Json
from .pages import page_answer, parameters_of
from .refusals import Refusal, invalid, not_found

SORT_ATTRIBUTES = ("created_at", "name", "description", "modified_at")
CHANGEABLE_PROPERTIES: dict[str, type] = {"name": str, "description": str, "unique_instance_crns": list}
CREATE_PROPERTIES: dict[str, type] = {
    **CHANGEABLE_PROPERTIES,
    "account_id": str,
    "group_id": str,
    "apikey": dict,
}
NESTED_KEY_PROPERTIES = {
    name: kind for name, kind in KEY_PROPERTIES.items() if name not in ("iam_id", "account_id", "support_sessions")
}


def list_service_ids(call: Call) -> Answer:
    """GET /v1/serviceids."""
    parameters = parameters_of(call.request)
    call.check_account(parameters.get("account_id"))
    group_id = parameters.get("group_id", call.world.default_group_id)
    found = [
        service_id
        for service_id in _listed(call)
        if service_id.group_id == group_id and parameters.get("name") in (None, service_id.name)
    ]
    with_history = call.asks_for("include_history")
    with_group = call.asks_for("show_group_id")
    return page_answer(
        call.request,
        "serviceids",
        found,
        lambda service_id: service_id.show(with_group=with_group, with_history=with_history),
        SORT_ATTRIBUTES,
    )


def _listed(call: Call) -> list[ServiceId]:
    """All, or those that the caller has a role on."""
    seen = [each for each in call.world.service_ids.values() if call.may("serviceid.get", each)]
    if not seen or call.world.settings.lists_need_account_role:
        call.check_role("serviceid.get")
    return seen


def create_service_id(call: Call) -> Answer:
    """POST /v1/serviceids; may make a first key along with it."""
    body = json_body(call.request, CREATE_PROPERTIES)
    require(body, "account_id", "name")
    if body["account_id"] != call.caller.account_id:
        raise invalid("Property account_id is not the account of the caller.")
    call.check_lengths(body)
    call.check_not_restricted("restrict_create_service_id", "serviceid.create")
    service_id = _service_id_from(call, body)
    nested_key = body.get("apikey")
    if nested_key is not None:
        check_properties(nested_key, NESTED_KEY_PROPERTIES)
        require(nested_key, "name")
    call.world.service_ids[service_id.id] = service_id
    shown = service_id.show(with_group=call.asks_for("show_group_id"))
    if nested_key is not None:
        shown["apikey"] = _first_key(call, service_id, nested_key)
    return call.tagged(service_id, shown, 201)


def _service_id_from(call: Call, body: Json) -> ServiceId:
    world = call.world
    new_id = f"ServiceId-{world.randomness.uuid()}"
    group_id = body.get("group_id", world.default_group_id)
    if group_id not in world.groups:
        raise invalid("Property group_id names no group of service IDs.")
    service_id = ServiceId(
        id=new_id,
        iam_id=f"iam-{new_id}",
        account_id=call.caller.account_id,
        name=body["name"],
        description=body.get("description") or None,
        created_by=call.caller.iam_id,
        created_at=world.clock.now(),
        locked=call.demands("Entity-Lock"),
        group_id=group_id,
        unique_instance_crns=_crns_from(body),
    )
    world.note_change(service_id, call.caller, "CREATE")
    return service_id


def _crns_from(body: Json) -> list[str]:
    crns: list[str] = body.get("unique_instance_crns", [])
    if not all(isinstance(crn, str) for crn in crns):
        raise invalid("Property unique_instance_crns must be a list of texts.")
    return crns


def _first_key(call: Call, service_id: ServiceId, body: Json) -> Json:
    try:
        return add_key(call, body, service_id.iam_id).show(with_value=True)
    except Refusal:
        # Both are made or none is.
        del call.world.service_ids[service_id.id]
        raise


def find_service_id(call: Call, service_id: str, action: str) -> ServiceId:
    """The service ID with this id, if the caller may do this with it; 404 when there is none."""
    found = call.world.service_ids.get(service_id)
    if found is None:
        raise not_found("ServiceId", service_id)
    call.check_reach(action, found, found)
    return found


def show_service_id(call: Call, service_id: str) -> Answer:
    """GET /v1/serviceids/{id}."""
    found = find_service_id(call, service_id, "serviceid.get")
    shown = found.show(
        with_group=call.asks_for("show_group_id"),
        with_history=call.asks_for("include_history"),
        with_activity=call.asks_for("include_activity"),
    )
    return call.tagged(found, shown)


def update_service_id(call: Call, service_id: str) -> Answer:
    """PUT /v1/serviceids/{id}: only what is sent changes, an empty text or list clears."""
    found = find_service_id(call, service_id, "serviceid.update")
    call.check_tag(found)
    body = json_body(call.request, CHANGEABLE_PROPERTIES)
    if "name" in body:
        require(body, "name")
    call.check_lengths(body)
    _crns_from(body)
    call.check_unlocked(found)
    for attribute, value in body.items():
        setattr(found, attribute, value or None if attribute == "description" else value)
    call.world.note_change(found, call.caller, "UPDATE")
    return call.tagged(found, found.show(with_group=call.asks_for("show_group_id")))


def delete_service_id(call: Call, service_id: str) -> Answer:
    """DELETE /v1/serviceids/{id}: its keys go first; a key that stays is a conflict (iam-facts.md 4.3)."""
    found = find_service_id(call, service_id, "serviceid.delete")
    call.check_unlocked(found)
    keys = call.world.keys_of(found.iam_id)
    for key in keys:
        if not key.locked:
            call.world.remove_key(key)
    if any(key.locked for key in keys):
        raise Refusal(409, "Not all API keys of the service ID could be deleted.")
    del call.world.service_ids[found.id]
    return NO_CONTENT


def lock_service_id(call: Call, service_id: str) -> Answer:
    """POST /v1/serviceids/{id}/lock."""
    return call.switch(find_service_id(call, service_id, "serviceid.update"), "locked", True, "LOCK")


def unlock_service_id(call: Call, service_id: str) -> Answer:
    """DELETE /v1/serviceids/{id}/lock."""
    return call.switch(find_service_id(call, service_id, "serviceid.update"), "locked", False, "UNLOCK")
