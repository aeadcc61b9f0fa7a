# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happens around IAM: people join, get roles, compute resources start, keys leak."""

from __future__ import annotations

from collections.abc import Iterable

from .addresses import check_list
from .entities import ApiKey, User
from .messages import Json
from .refusals import invalid, not_found
from .roles import checked_roles
from .world import Caller, World


def add_user(world: World, name: str, roles: Iterable[str] = ()) -> Json:
    """One more user of the account, with a key of their own."""
    if not name:
        raise invalid("a user needs a name")
    granted = checked_roles(roles)
    iam_id = world.randomness.user_id()
    world.users[iam_id] = User(iam_id, name, f"{'.'.join(name.lower().split())}@example.com")
    world.roles[iam_id] = granted
    key = ApiKey(
        id=f"ApiKey-{world.randomness.uuid()}",
        iam_id=iam_id,
        account_id=world.seed.account_id,
        name="first key",
        created_by=iam_id,
        created_at=world.clock.now(),
        key_value=world.randomness.key_value(),
    )
    world.note_change(key, Caller(iam_id, key.account_id), "CREATE")
    world.add_key(key)
    return {"account_id": key.account_id, "iam_id": iam_id, "api_key_id": key.id, "api_key": key.key_value}


def grant(world: World, iam_id: str, roles: Iterable[str], service_id: str | None = None) -> None:
    """Give an identity these roles on the service IAM Identity, or on one service ID, and no others there."""
    if not (iam_id in world.users or world.service_id_of(iam_id) or world.profile_of(iam_id)):
        raise not_found("Identity", iam_id)
    if service_id is None:
        world.roles[iam_id] = checked_roles(roles)
    elif service_id in world.service_ids:
        world.roles_on_one[iam_id, service_id] = checked_roles(roles)
    else:
        raise not_found("ServiceId", service_id)


def allow_addresses(world: World, key_id: str, addresses: str) -> None:
    """The key is taken from these addresses only; how IBM is told that is not documented."""
    key = world.keys.get(key_id)
    if key is None:
        raise not_found("ApiKey", key_id)
    check_list(addresses)
    key.allowed_ip_addresses = addresses


def link_compute_resource(world: World, profile_id: str) -> str:
    """A compute resource that may assume the profile starts; its token."""
    if profile_id not in world.profiles:
        raise not_found("Profile", profile_id)
    cr_token = f"cr.{world.randomness.key_value()}"
    world.shared.profiles_by_cr_token[cr_token] = {profile_id}
    return cr_token


def leak(world: World, key_id: str) -> None:
    """IBM finds the key in public and does with it what its action_when_leaked says, locked or not."""
    key = world.keys.get(key_id)
    if key is None:
        raise not_found("ApiKey", key_id)
    if key.action_when_leaked == "delete":
        world.remove_key(key)
    elif key.action_when_leaked == "disable" and not key.disabled:
        key.disabled = True
        world.note_change(key, Caller("iam-identity", key.account_id), "DISABLE")
