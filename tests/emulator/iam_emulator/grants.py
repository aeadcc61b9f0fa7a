# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways to log in: with an API key, or as a trusted profile with somebody's token or a compute resource's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jwt

from .call import check_key_address
from .entities import ApiKey, TrustedProfile
from .messages import Json
from .refusals import Refusal, invalid, missing
from .tokens import holder_of, mint_token
from .world import Caller, World

Form = Mapping[str, str]
Worlds = Mapping[str, World]
Grant = Callable[[Worlds, Form], Json]

GRANT_PREFIX = "urn:ibm:params:oauth:grant-type:"
API_KEY_GRANT = f"{GRANT_PREFIX}apikey"
ASSUME_GRANT = f"{GRANT_PREFIX}assume"
CR_TOKEN_GRANT = f"{GRANT_PREFIX}cr-token"


def with_api_key(worlds: Worlds, form: Form) -> Json:
    """A token for the identity that owns the key."""
    if form.get("response_type", "cloud_iam") != "cloud_iam":
        raise invalid("Property response_type failed validation.")
    first = next(iter(worlds.values()))
    key = first.key_with_value(_required(form, "apikey"))
    if key is None or key.hides_from("login"):
        raise Refusal(400, "Provided API key could not be found.", "BXNIM0415E")
    world = worlds[key.account_id]
    _check_usable(world, key)
    now = world.clock.now()
    for seen in (key, world.users.get(key.iam_id), world.service_id_of(key.iam_id)):
        if seen is not None:
            seen.record_login(now)
    return mint_token(world, key.iam_id, API_KEY_GRANT, key.id)


def _check_usable(world: World, key: ApiKey) -> None:
    check_key_address(world, key.id, 401)
    # A locked key logs in: a lock only blocks change and deletion (iam-facts.md 3.5).
    settings = world.settings
    if key.disabled and key.logins_since_disabled >= settings.disabled_logins:
        raise Refusal(settings.disabled_login_status, "Provided API key is disabled.", settings.disabled_login_code)
    key.logins_since_disabled += int(key.disabled)
    if key.is_expired(world.clock.now()):
        raise Refusal(settings.expired_login_status, "Provided API key is expired.", settings.expired_login_code)


def with_token(worlds: Worlds, form: Form) -> Json:
    """A token for a trusted profile of the same account that lists the caller among its identities."""
    caller = _bearer(worlds, _required(form, "access_token"))
    world = worlds[caller.account_id]
    profile = _named_profile([world], form)
    if not any(identity["iam_id"] == caller.iam_id for identity in profile.identities):
        raise Refusal(world.settings.assume_refused_status, "The identity is not allowed to assume the profile.")
    return _as_profile(world, profile, ASSUME_GRANT)


def _bearer(worlds: Worlds, token: str) -> Caller:
    clock = next(iter(worlds.values())).clock
    try:
        return holder_of(clock, token)
    except jwt.ExpiredSignatureError:
        raise Refusal(400, "The provided base token is expired.", "BXNIM0405E") from None
    except jwt.InvalidTokenError:
        raise Refusal(400, "The provided token is malformed.", "BXNIM0401E") from None


def with_compute_resource(worlds: Worlds, form: Form) -> Json:
    """A token for a trusted profile that the compute resource is linked with."""
    cr_token = _required(form, "cr_token")
    first = next(iter(worlds.values()))
    linked = first.shared.profiles_by_cr_token.get(cr_token)
    if linked is None:
        raise Refusal(400, "The provided token is malformed.", "BXNIM0401E")
    homes = [world for world in worlds.values() if linked & world.profiles.keys()]
    profile = _named_profile(homes, form)
    if profile.id not in linked:
        raise Refusal(first.settings.assume_refused_status, "The compute resource is not linked with the profile.")
    return _as_profile(worlds[profile.account_id], profile, CR_TOKEN_GRANT)


def _named_profile(worlds: list[World], form: Form) -> TrustedProfile:
    profiles = [profile for world in worlds for profile in world.profiles.values()]
    if form.get("profile_id"):
        found = [profile for profile in profiles if profile.id == form["profile_id"]]
    elif form.get("profile_crn"):
        found = [profile for profile in profiles if profile.crn == form["profile_crn"]]
    else:
        found = _profiles_called(profiles, form)
    if not found:
        raise Refusal(400, "The trusted profile could not be found.", "BXNIM0102E")
    return found[0]


def _profiles_called(profiles: list[TrustedProfile], form: Form) -> list[TrustedProfile]:
    name = _required(form, "profile_name")
    if "access_token" in form:
        account_id = _required(form, "account")
        profiles = [profile for profile in profiles if profile.account_id == account_id]
    return [profile for profile in profiles if profile.name == name]


def _as_profile(world: World, profile: TrustedProfile, grant_type: str) -> Json:
    profile.record_login(world.clock.now())
    check_key_address(world, "", 401)
    return mint_token(world, profile.iam_id, grant_type)


def _required(form: Form, name: str) -> str:
    if not form.get(name):
        raise missing(name)
    return form[name]


GRANTS: dict[str, Grant] = {
    API_KEY_GRANT: with_api_key,
    ASSUME_GRANT: with_token,
    CR_TOKEN_GRANT: with_compute_resource,
}
