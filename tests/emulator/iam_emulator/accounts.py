# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoints of /v1/accounts: identity settings, and how much of each limit is used."""

from __future__ import annotations

from collections.abc import Callable

from .addresses import check_list
from .bodies import choice, flag, json_body
from .call import Call
from .entities import NOT_SET
from .messages import Answer, Json, json_answer
from .refusals import invalid

RESTRICTIONS = ("RESTRICTED", "NOT_RESTRICTED", NOT_SET)
MFA_TRAITS = ("NONE", "NONE_NO_ROPC", "TOTP", "TOTP4ALL", "LEVEL1", "LEVEL2", "LEVEL3")
CHOICES: dict[str, tuple[str, ...]] = {
    "restrict_create_service_id": RESTRICTIONS,
    "restrict_create_platform_apikey": RESTRICTIONS,
    "restrict_user_list_visibility": RESTRICTIONS[:2],
    "mfa": MFA_TRAITS,
}
# Whole numbers that travel as texts: least and most.
RANGES = {
    "session_expiration_in_seconds": (900, 86_400),
    "session_invalidation_in_seconds": (900, 7_200),
    "max_sessions_per_identity": (1, 10**9),
    "system_access_token_expiration_in_seconds": (900, 3_600),
    "system_refresh_token_expiration_in_seconds": (900, 259_200),
}
PROPERTIES: dict[str, type] = {
    **dict.fromkeys((*CHOICES, *RANGES, "allowed_ip_addresses"), str),
    "user_mfa": list,
    "restrict_user_domains": list,
}
SERVICE_DEFAULTS = {
    "restrict_create_service_id": "NOT_RESTRICTED",
    "restrict_create_platform_apikey": "NOT_RESTRICTED",
    "session_expiration_in_seconds": "86400",
    "session_invalidation_in_seconds": "7200",
    "system_access_token_expiration_in_seconds": "3600",
    "system_refresh_token_expiration_in_seconds": "259200",
}
SERVICE_IDS_PER_GROUP = 2000
GROUPS_PER_ACCOUNT = 50
PROFILES_PER_ACCOUNT = 2000
LISTS_OF_IDS = ("apikeys_per_identity", "serviceids_per_group")
FLAGS = ("serviceid_groups", "profiles")
# Asked for by clients, of things that are not emulated.
UNUSED_LISTS = (
    "template_versions_per_template",
    "claim_rules_per_group",
    "claim_rules_per_profile",
    "cr_links_per_profile",
    "cr_rules_per_profile",
)
UNUSED_FLAGS = ("templates", "idps", "cr_links", "cr_rules")


def show_settings(call: Call, account_id: str) -> Answer:
    """GET /v1/accounts/{id}/settings/identity."""
    call.check_account(account_id)
    call.check_role("account.get")
    settings = call.world.account_settings
    return call.tagged(settings, settings.show(with_history=call.asks_for("include_history")))


def update_settings(call: Call, account_id: str) -> Answer:
    """PUT /v1/accounts/{id}/settings/identity: only what is sent changes."""
    call.check_account(account_id)
    call.check_role("account.update")
    settings = call.world.account_settings
    call.check_tag(settings)
    body = json_body(call.request, PROPERTIES)
    for name, value in body.items():
        _check_setting(name, value)
    settings.values = {**settings.values, **body}
    call.world.note_change(settings, call.caller, "UPDATE")
    return call.tagged(settings, settings.show(with_history=True))


def _check_setting(name: str, value: str) -> None:
    if name in CHOICES:
        choice(value, f"Property {name}", CHOICES[name], "")
    elif name == "allowed_ip_addresses":
        check_list(value)
    elif name in RANGES and value != NOT_SET:
        least, most = RANGES[name]
        if not (value.isascii() and value.isdigit() and least <= int(value[:10]) <= most):
            raise invalid(f"Property {name} must be a number from {least} to {most}, or {NOT_SET}.")


def show_effective_settings(call: Call, account_id: str) -> Answer:
    """GET /v1/accounts/{id}/effective_settings/identity: what is not set has the default of the service."""
    call.check_account(account_id)
    call.check_role("account.get")
    settings = call.world.account_settings
    unset = {name: SERVICE_DEFAULTS.get(name, NOT_SET) for name, value in settings.values.items() if value == NOT_SET}
    account = settings.show(with_history=call.asks_for("include_history"))
    return json_answer({"account_id": account_id, "effective": {**settings.values, **unset}, "account": account})


def show_limits(call: Call, account_id: str) -> Answer:
    """GET /v1/accounts/{id}/limits/identity: lists of ids come with commas."""
    query = call.request.query
    lists = {name: query[name].split(",") for name in (*LISTS_OF_IDS, *UNUSED_LISTS) if query.get(name)}
    flags = {name: flag(query.get(name), name) for name in (*FLAGS, *UNUSED_FLAGS)}
    return _limits(call, account_id, {**lists, **flags})


def show_limits_for_body(call: Call, account_id: str) -> Answer:
    """POST /v1/accounts/{id}/limits/identity: the same with JSON lists, for many ids."""
    types: dict[str, type] = dict.fromkeys((*LISTS_OF_IDS, *UNUSED_LISTS), list)
    body = json_body(call.request, {**types, **dict.fromkeys((*FLAGS, *UNUSED_FLAGS), bool)})
    if not all(isinstance(each, str) for ids in body.values() if isinstance(ids, list) for each in ids):
        raise invalid("The lists hold ids.")
    return _limits(call, account_id, body)


def _limits(call: Call, account_id: str, asked: Json) -> Answer:
    call.check_account(account_id)
    call.check_role("account.get")
    world = call.world

    def per_identity(iam_id: str) -> Json:
        return {"iam_id": iam_id, "count": len(world.keys_of(iam_id))}

    def per_group(group_id: str) -> Json:
        used = sum(1 for service_id in world.service_ids.values() if service_id.group_id == group_id)
        return {"group_id": group_id, "count": used}

    return json_answer(
        {
            "apikeys_per_identity": _usage(
                world.settings.keys_per_identity, "identities", asked.get("apikeys_per_identity"), per_identity
            ),
            "serviceids_per_group": _usage(
                SERVICE_IDS_PER_GROUP, "serviceid_groups", asked.get("serviceids_per_group"), per_group
            ),
            "serviceid_groups": _count(GROUPS_PER_ACCOUNT, asked.get("serviceid_groups"), len(world.groups)),
            "profiles": _count(PROFILES_PER_ACCOUNT, asked.get("profiles"), len(world.profiles)),
        }
    )


def _usage(limit: int, member: str, ids: list[str] | None, count: Callable[[str], Json]) -> Json:
    return {"limit": limit} if ids is None else {"limit": limit, member: [count(each) for each in ids]}


def _count(limit: int, is_asked: bool | None, used: int) -> Json:
    return {"limit": limit, "count": used} if is_asked else {"limit": limit}
