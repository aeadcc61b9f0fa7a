# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoints of /v1/profiles: trusted profiles, and who may assume them."""

from __future__ import annotations

from .bodies import choice, json_body, require
from .call import Call
from .entities import TrustedProfile
from .messages import NO_CONTENT, Answer, Json, json_answer
from .pages import page_answer, parameters_of
from .refusals import Refusal, invalid, not_found

SORT_ATTRIBUTES = ("created_at", "name", "description", "modified_at")
CHANGEABLE_PROPERTIES: dict[str, type] = {"name": str, "description": str, "email": str}
CREATE_PROPERTIES: dict[str, type] = {**CHANGEABLE_PROPERTIES, "account_id": str}
IDENTITY_PROPERTIES: dict[str, type] = {"identifier": str, "type": str, "accounts": list, "description": str}


def list_profiles(call: Call) -> Answer:
    """GET /v1/profiles."""
    parameters = parameters_of(call.request)
    call.check_account(parameters.get("account_id"))
    call.check_role("profile.get")
    name = parameters.get("name")
    found = [profile for profile in call.world.profiles.values() if name in (None, profile.name)]
    with_history = call.asks_for("include_history")
    return page_answer(
        call.request, "profiles", found, lambda profile: profile.show(with_history=with_history), SORT_ATTRIBUTES
    )


def create_profile(call: Call) -> Answer:
    """POST /v1/profiles; a name is taken once in an account (docstring of create_profile in IBM's SDK)."""
    body = json_body(call.request, CREATE_PROPERTIES)
    require(body, "account_id", "name")
    if body["account_id"] != call.caller.account_id:
        raise invalid("Property account_id is not the account of the caller.")
    call.check_role("profile.create")
    _check_name_is_free(call, body["name"])
    new_id = f"Profile-{call.world.randomness.uuid()}"
    profile = TrustedProfile(
        id=new_id,
        iam_id=f"iam-{new_id}",
        account_id=call.caller.account_id,
        name=body["name"],
        description=body.get("description") or None,
        email=body.get("email") or None,
        created_by=call.caller.iam_id,
        created_at=call.world.clock.now(),
    )
    call.world.note_change(profile, call.caller, "CREATE")
    call.world.profiles[profile.id] = profile
    return call.tagged(profile, profile.show(), 201)


def _check_name_is_free(call: Call, name: str, but_for: TrustedProfile | None = None) -> None:
    if any(profile.name == name and profile is not but_for for profile in call.world.profiles.values()):
        raise Refusal(409, "The account has a trusted profile of this name.")


def _find_profile(call: Call, profile_id: str, action: str) -> TrustedProfile:
    profile = call.world.profiles.get(profile_id)
    if profile is None:
        raise not_found("Profile", profile_id)
    call.check_role(action)
    return profile


def show_profile(call: Call, profile_id: str) -> Answer:
    """GET /v1/profiles/{id}."""
    profile = _find_profile(call, profile_id, "profile.get")
    return call.tagged(profile, profile.show(with_activity=call.asks_for("include_activity")))


def update_profile(call: Call, profile_id: str) -> Answer:
    """PUT /v1/profiles/{id}: only what is sent changes, an empty text clears."""
    profile = _find_profile(call, profile_id, "profile.update")
    call.check_tag(profile)
    body = json_body(call.request, CHANGEABLE_PROPERTIES)
    if "name" in body:
        require(body, "name")
        _check_name_is_free(call, body["name"], but_for=profile)
    for attribute, value in body.items():
        setattr(profile, attribute, value or None)
    call.world.note_change(profile, call.caller, "UPDATE")
    return call.tagged(profile, profile.show())


def delete_profile(call: Call, profile_id: str) -> Answer:
    """DELETE /v1/profiles/{id}; nobody can assume it any more."""
    profile = _find_profile(call, profile_id, "profile.delete")
    del call.world.profiles[profile.id]
    return NO_CONTENT


def list_identities(call: Call, profile_id: str) -> Answer:
    """GET /v1/profiles/{id}/identities."""
    profile = _find_profile(call, profile_id, "profile.get")
    return call.tagged(profile, {"entity_tag": profile.entity_tag, "identities": profile.identities})


def add_identity(call: Call, profile_id: str, identity_type: str) -> Answer:
    """POST /v1/profiles/{id}/identities/{type}: a user or service ID that may assume the profile."""
    profile = _find_profile(call, profile_id, "profile.update")
    body = json_body(call.request, IDENTITY_PROPERTIES)
    require(body, "identifier", "type")
    if choice(body["type"], "type", ("user", "serviceid"), "") != identity_type:
        raise invalid("Property type is not the type in the path.")
    identity = {"iam_id": _iam_id_of(call, body), **body}
    profile.identities = [*_identities_without(profile, body["identifier"]), identity]
    call.world.note_change(profile, call.caller, "UPDATE")
    return call.tagged(profile, identity)


def _iam_id_of(call: Call, body: Json) -> str:
    identifier: str = body["identifier"]
    iam_id = identifier if body["type"] == "user" else f"iam-{identifier}"
    known = call.world.users if body["type"] == "user" else call.world.service_ids
    if identifier not in known:
        raise invalid("Property identifier names no identity of this account.")
    return iam_id


def _identities_without(profile: TrustedProfile, identifier: str) -> list[Json]:
    return [identity for identity in profile.identities if identity["identifier"] != identifier]


def show_identity(call: Call, profile_id: str, identity_type: str, identifier: str) -> Answer:
    """GET /v1/profiles/{id}/identities/{type}/{identifier}."""
    profile = _find_profile(call, profile_id, "profile.get")
    return json_answer(_find_identity(profile, identity_type, identifier))


def remove_identity(call: Call, profile_id: str, identity_type: str, identifier: str) -> Answer:
    """DELETE /v1/profiles/{id}/identities/{type}/{identifier}."""
    profile = _find_profile(call, profile_id, "profile.update")
    _find_identity(profile, identity_type, identifier)
    profile.identities = _identities_without(profile, identifier)
    call.world.note_change(profile, call.caller, "UPDATE")
    return NO_CONTENT


def _find_identity(profile: TrustedProfile, identity_type: str, identifier: str) -> Json:
    for identity in profile.identities:
        if (identity["type"], identity["identifier"]) == (identity_type, identifier):
            return identity
    raise not_found("Identity", identifier)
