# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes of /v1/apikeys: create, update, delete, and the flags locked and disabled."""

from __future__ import annotations

from .api_keys import find_key, shows_value
from .bodies import json_body, require
from .call import Call, action_when_leaked
from .entities import ApiKey
from .messages import NO_CONTENT, Answer, Json
from .refusals import Refusal, invalid
from .world import KINDS_OF_ACCESS

SHORTEST_CHOSEN_VALUE = 32
CHANGEABLE_PROPERTIES: dict[str, type] = {
    "name": str,
    "description": str,
    "support_sessions": bool,
    "action_when_leaked": str,
    "expires_at": str,
}
CREATE_PROPERTIES: dict[str, type] = {
    **CHANGEABLE_PROPERTIES,
    "iam_id": str,
    "account_id": str,
    "apikey": str,
    "store_value": bool,
}


def create_key(call: Call) -> Answer:
    """POST /v1/apikeys: the only answer that carries the value of every key."""
    body = json_body(call.request, CREATE_PROPERTIES)
    require(body, "name", "iam_id")
    if body.get("account_id", call.caller.account_id) != call.caller.account_id:
        raise invalid("Property account_id is not the account of the identity.")
    _check_owner(call, body["iam_id"])
    key = add_key(
        call,
        body,
        body["iam_id"],
        is_locked=call.demands("Entity-Lock"),
        is_disabled=call.demands("Entity-Disable"),
    )
    return call.tagged(key, key.show(with_value=True), 201)


def _check_owner(call: Call, iam_id: str) -> None:
    """Users create their own keys, roles those of service IDs, and nobody those of a trusted profile."""
    if iam_id in call.world.users or iam_id.startswith("IBMid-"):
        if iam_id != call.caller.iam_id:
            raise Refusal(403, "An API key of a user can only be created by that user.")
        call.check_not_restricted("restrict_create_platform_apikey", "user-apikey.create")
    elif call.world.service_id_of(iam_id):
        call.check_role("apikey.create", call.world.service_id_of(iam_id))
    else:
        raise invalid("Property iam_id names no user or service ID of this account.")


def add_key(call: Call, body: Json, iam_id: str, *, is_locked: bool = False, is_disabled: bool = False) -> ApiKey:
    """Store a new key as the body describes it."""
    call.check_lengths(body)
    world = call.world
    key = ApiKey(
        id=f"ApiKey-{world.randomness.uuid()}",
        iam_id=iam_id,
        account_id=call.caller.account_id,
        name=body["name"],
        description=body.get("description") or None,
        created_by=call.caller.iam_id,
        created_at=world.clock.now(),
        key_value=_value_for(call, body),
        is_value_stored=body.get("store_value", False),
        support_sessions=body.get("support_sessions", False),
        action_when_leaked=action_when_leaked(body, world.settings.default_action_when_leaked),
        expires_at=_first_expiry(call, body),
        locked=is_locked,
        disabled=is_disabled,
        unknown_for=dict.fromkeys(KINDS_OF_ACCESS, world.settings.unknown_reads),
    )
    _check_owner_options(key)
    world.add_key(key)
    world.note_change(key, call.caller, "CREATE")
    return key


def _first_expiry(call: Call, body: Json) -> float | None:
    """When a key that is made expires; IBM leaves open if that may be past (iam-facts.md 3.7)."""
    may_be_past = call.world.settings.creates_take_past_expiry
    return call.expiry_from(body["expires_at"], may_be_past=may_be_past) if "expires_at" in body else None


def _value_for(call: Call, body: Json) -> str:
    if "apikey" not in body:
        return call.world.randomness.key_value()
    chosen: str = body["apikey"]
    if len(chosen) < SHORTEST_CHOSEN_VALUE:
        raise invalid(f"Property apikey must have at least {SHORTEST_CHOSEN_VALUE} characters.")
    return chosen


def _check_owner_options(key: ApiKey) -> None:
    if key.is_value_stored and not key.belongs_to_service_id:
        raise invalid("Property store_value is for API keys of service IDs only.")
    if key.support_sessions and key.belongs_to_service_id:
        raise invalid("Property support_sessions is for API keys of users only.")


def update_key(call: Call, key_id: str) -> Answer:
    """PUT /v1/apikeys/{id}: only what is sent changes, an empty text clears (iam-facts.md 3.4)."""
    key = find_key(call, key_id, "apikey.update")
    call.check_tag(key)
    body = json_body(call.request, CHANGEABLE_PROPERTIES)
    if "name" in body:
        require(body, "name")
    call.check_lengths(body)
    if body.get("support_sessions") and key.belongs_to_service_id:
        raise invalid("Property support_sessions is for API keys of users only.")
    changes = _parsed_changes(call, body, key)
    call.check_unlocked(key)
    for attribute, value in changes.items():
        setattr(key, attribute, value)
    call.world.note_change(key, call.caller, "UPDATE")
    return call.tagged(key, key.show(with_value=shows_value(key)))


def _parsed_changes(call: Call, body: Json, key: ApiKey) -> Json:
    changes = dict(body)
    if "description" in body:
        changes["description"] = body["description"] or None
    if "action_when_leaked" in body:
        changes["action_when_leaked"] = action_when_leaked(body, key.action_when_leaked)
    if "expires_at" in body:
        clears = not body["expires_at"] and call.world.settings.empty_expiry_clears
        changes["expires_at"] = None if clears else call.expiry_from(body["expires_at"], may_be_past=True)
    return changes


def delete_key(call: Call, key_id: str) -> Answer:
    """DELETE /v1/apikeys/{id}."""
    key = find_key(call, key_id, "apikey.delete")
    call.check_unlocked(key)
    call.world.remove_key(key)
    return NO_CONTENT


def lock_key(call: Call, key_id: str) -> Answer:
    """POST /v1/apikeys/{id}/lock."""
    return call.switch(find_key(call, key_id, "apikey.update"), "locked", True, "LOCK")


def unlock_key(call: Call, key_id: str) -> Answer:
    """DELETE /v1/apikeys/{id}/lock."""
    return call.switch(find_key(call, key_id, "apikey.update"), "locked", False, "UNLOCK")


def disable_key(call: Call, key_id: str) -> Answer:
    """POST /v1/apikeys/{id}/disable; a lock protects against it like against any change."""
    key = find_key(call, key_id, "apikey.update")
    call.check_unlocked(key)
    key.logins_since_disabled = 0
    return call.switch(key, "disabled", True, "DISABLE")


def enable_key(call: Call, key_id: str) -> Answer:
    """DELETE /v1/apikeys/{id}/disable."""
    key = find_key(call, key_id, "apikey.update")
    call.check_unlocked(key)
    return call.switch(key, "disabled", False, "ENABLE")
