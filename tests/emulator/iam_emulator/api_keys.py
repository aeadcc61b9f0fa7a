# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads of /v1/apikeys: lists, one key by id, one key by value."""

from __future__ import annotations

from .bodies import choice
from .call import Call
from .entities import ApiKey
from .messages import Answer
from .pages import page_answer, parameters_of
from .refusals import Refusal, invalid, missing, not_found

SORT_ATTRIBUTES = ("created_at", "name", "description", "created_by")


def find_key(call: Call, key_id: str, action: str) -> ApiKey:
    """The key with this id, if the caller may do this with it; 404 when there is none."""
    key = call.world.keys.get(key_id)
    if key is None:
        raise not_found("ApiKey", key_id)
    check_reach(call, key, action)
    return key


def check_reach(call: Call, key: ApiKey, action: str) -> None:
    """Refuse who may not do this: users manage their own keys, an administrator those of other users.

    Keys of service IDs take a role of the caller, also those of the caller itself.
    """
    is_of_user = key.iam_id in call.world.users
    if is_of_user and key.iam_id == call.caller.iam_id:
        return
    service_id = call.world.service_id_of(key.iam_id)
    call.check_reach("apikey.manage" if is_of_user else action, key, service_id)


def shows_value(key: ApiKey) -> bool:
    """Whether a later read still carries the value: only stored ones of service IDs (iam-facts.md 3.1)."""
    return key.is_value_stored and key.belongs_to_service_id


def list_keys(call: Call) -> Answer:
    """GET /v1/apikeys."""
    parameters = parameters_of(call.request)
    call.check_account(parameters.get("account_id", call.caller.account_id))
    if choice(parameters.get("scope"), "scope", ("entity", "account"), "entity") == "account":
        keys = _keys_of_account(call, parameters)
    else:
        iam_id = _listed_identity(call, parameters)
        keys = call.world.listed_keys(iam_id) if _is_in_group(call, iam_id, parameters) else []
    with_history = call.asks_for("include_history")
    return page_answer(call.request, "apikeys", keys, lambda key: key.show(with_history=with_history), SORT_ATTRIBUTES)


def _listed_identity(call: Call, parameters: dict[str, str]) -> str:
    iam_id = parameters.get("iam_id", call.caller.iam_id)
    if iam_id == call.caller.iam_id and iam_id in call.world.users:
        return iam_id
    service_id = call.world.service_id_of(iam_id)
    if service_id:
        if not call.may("apikey.review", service_id):
            call.check_role("apikey.list", service_id)
        return iam_id
    if iam_id.startswith("IBMid-"):
        raise Refusal(403, "You are not authorized to list the API keys of another user.")
    raise invalid(f"Property iam_id names no identity of this account: {iam_id}.")


def _is_in_group(call: Call, iam_id: str, parameters: dict[str, str]) -> bool:
    """Whether a list of one identity shows its keys; IBM leaves open if that takes the group of a service ID."""
    service_id = call.world.service_id_of(iam_id)
    if service_id is None or not call.world.settings.keys_need_group:
        return True
    return service_id.group_id == parameters.get("group_id", call.world.default_group_id)


def _keys_of_account(call: Call, parameters: dict[str, str]) -> list[ApiKey]:
    """Without a group only service IDs of the default group are searched (iam-facts.md 2.2)."""
    if not call.world.settings.account_list_is_shortened:
        call.check_role("apikey.manage")
    wanted_type = choice(parameters.get("type"), "type", ("user", "serviceid"), "")
    group_id = parameters.get("group_id", call.world.default_group_id)

    def is_wanted(key: ApiKey) -> bool:
        service_id = call.world.service_id_of(key.iam_id)
        if service_id is None:
            return wanted_type != "serviceid"
        return wanted_type != "user" and service_id.group_id == group_id

    keys = [key for key in call.world.listed_keys(parameters.get("iam_id")) if is_wanted(key)]
    return keys if call.may("apikey.manage") else [key for key in keys if _may_list(call, key)]


def _may_list(call: Call, key: ApiKey) -> bool:
    service_id = call.world.service_id_of(key.iam_id)
    return call.may("apikey.list", service_id) if service_id else key.iam_id == call.caller.iam_id


def show_key(call: Call, key_id: str) -> Answer:
    """GET /v1/apikeys/{id}."""
    key = find_key(call, key_id, "apikey.get")
    if key.hides_from("get"):
        raise not_found("ApiKey", key_id)
    shown = key.show(
        with_value=shows_value(key),
        with_history=call.asks_for("include_history"),
        with_activity=call.asks_for("include_activity"),
    )
    return call.tagged(key, shown)


def show_key_by_value(call: Call) -> Answer:
    """GET /v1/apikeys/details."""
    key_value = call.request.header("IAM-ApiKey")
    if not key_value:
        raise missing("IAM-ApiKey")
    key = call.world.key_with_value(key_value)
    if key is None or key.account_id != call.caller.account_id or key.hides_from("details"):
        settings = call.world.settings
        raise Refusal(settings.details_unknown_status, "Unable to find object", settings.details_unknown_code)
    check_reach(call, key, "apikey.get")
    return call.tagged(key, key.show(with_history=call.asks_for("include_history")))
