# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of one IBM Cloud account: its user, service IDs and API keys."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from .clock import Clock
from .entities import AccountSettings, ApiKey, Entity, Report, ServiceId, ServiceIdGroup, TrustedProfile, User
from .refusals import Refusal
from .seeds import Randomness, Seed
from .settings import Settings

KINDS_OF_ACCESS = ("get", "details", "list", "login")
SECONDS_BETWEEN_PURGES = 60


@dataclass(frozen=True)
class Caller:
    """Who sends a request, as the bearer token says."""

    iam_id: str
    account_id: str
    # The key that was logged in with, if it was one.
    key_id: str = ""


@dataclass
class Shared:
    """What all accounts have in common: no two keys of IBM Cloud have one value."""

    keys_by_value: dict[str, ApiKey] = field(default_factory=dict)
    profiles_by_cr_token: dict[str, set[str]] = field(default_factory=dict)


class World:
    """Everything IAM knows about the account."""

    def __init__(
        self, seed: Seed, clock: Clock, settings: Settings, randomness: Randomness, shared: Shared | None = None
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.settings = settings
        self.randomness = randomness
        self.shared = shared or Shared()
        self.users: dict[str, User] = {seed.iam_id: User(seed.iam_id, "First User", "first.user@example.com")}
        self.roles: dict[str, frozenset[str]] = {seed.iam_id: frozenset({"Administrator"})}
        # Those that are limited to one service ID, by identity and service ID.
        self.roles_on_one: dict[tuple[str, str], frozenset[str]] = {}
        self.groups: dict[str, ServiceIdGroup] = {}
        self.keys: dict[str, ApiKey] = {}
        self.service_ids: dict[str, ServiceId] = {}
        self.profiles: dict[str, TrustedProfile] = {}
        self.reports: list[Report] = []
        self._keys_by_identity: dict[str, dict[str, ApiKey]] = {}
        self._stale_keys: list[ApiKey] = []
        self._stale_pages_left = 0
        self._purged_at = clock.now()
        first_user = Caller(seed.iam_id, seed.account_id)
        self.default_group_id = self.new_group("default", None, first_user).id
        self.account_settings = AccountSettings(
            id=seed.account_id,
            iam_id="",
            account_id=seed.account_id,
            name="settings",
            created_by=seed.iam_id,
            created_at=clock.now(),
        )
        self.note_change(self.account_settings, first_user, "CREATE")
        self._add_seed_key(first_user)

    def _add_seed_key(self, owner: Caller) -> None:
        key = ApiKey(
            id=self.seed.api_key_id,
            iam_id=owner.iam_id,
            account_id=owner.account_id,
            name="first key",
            created_by=owner.iam_id,
            created_at=self.clock.now(),
            key_value=self.seed.api_key,
        )
        self.note_change(key, owner, "CREATE")
        self.add_key(key)

    def new_group(self, name: str, description: str | None, creator: Caller) -> ServiceIdGroup:
        """Make a group of service IDs."""
        group_id = f"ServiceIdGroup-{self.randomness.uuid()}"
        group = ServiceIdGroup(
            id=group_id,
            iam_id="",
            account_id=creator.account_id,
            name=name,
            description=description,
            created_by=creator.iam_id,
            created_at=self.clock.now(),
        )
        self.note_change(group, creator, "CREATE")
        self.groups[group_id] = group
        return group

    def add_key(self, key: ApiKey) -> None:
        """Take in a key, refused when its identity is full or its value is in use."""
        if key.key_value in self.shared.keys_by_value:
            raise Refusal(self.settings.duplicate_value_status, "The value of the API key is already in use.")
        if len(self.keys_of(key.iam_id)) >= self.settings.keys_per_identity:
            raise Refusal(422, "The limit of API keys for this identity is reached.", "BXNIM0151E")
        self.keys[key.id] = key
        self.shared.keys_by_value[key.key_value] = key
        self._keys_by_identity.setdefault(key.iam_id, {})[key.id] = key

    def remove_key(self, key: ApiKey) -> None:
        """Forget a key; tokens that it got stay valid."""
        del self.keys[key.id]
        del self.shared.keys_by_value[key.key_value]
        del self._keys_by_identity[key.iam_id][key.id]

    def key_with_value(self, key_value: str) -> ApiKey | None:
        """The key that has this value."""
        return self.shared.keys_by_value.get(key_value)

    def keys_of(self, iam_id: str) -> list[ApiKey]:
        """All keys of an identity, oldest first."""
        return list(self._keys_by_identity.get(iam_id, {}).values())

    def listed_keys(self, iam_id: str | None) -> list[ApiKey]:
        """The keys that a list shows, of one identity or of all; may lag behind."""
        keys: Iterable[ApiKey]
        if self._stale_pages_left > 0:
            self._stale_pages_left -= 1
            keys = (key for key in self._stale_keys if iam_id in (None, key.iam_id))
        else:
            keys = self.keys.values() if iam_id is None else self.keys_of(iam_id)
        return [key for key in keys if not key.hides_from("list")]

    def keys_before_change(self) -> list[ApiKey] | None:
        """What stale pages would show after the change that is about to happen."""
        return [copy.copy(key) for key in self.keys.values()] if self.settings.stale_pages else None

    def show_stale_pages(self, keys_before: list[ApiKey]) -> None:
        """Let the next lists show the keys as they were."""
        self._stale_keys = keys_before
        self._stale_pages_left = self.settings.stale_pages

    def note_change(self, entity: Entity, caller: Caller, action: str) -> None:
        """Give a changed entity its new tag and history entry."""
        entity.record_change(self.clock.now(), caller.iam_id, action)

    def service_id_of(self, iam_id: str) -> ServiceId | None:
        """The service ID with this IAM ID."""
        return self.service_ids.get(iam_id.removeprefix("iam-")) if iam_id.startswith("iam-") else None

    def profile_of(self, iam_id: str) -> TrustedProfile | None:
        """The trusted profile with this IAM ID."""
        return self.profiles.get(iam_id.removeprefix("iam-")) if iam_id.startswith("iam-") else None

    def roles_of(self, iam_id: str) -> frozenset[str]:
        """The roles of an identity on the service IAM Identity; `granted_role` counts for those without any."""
        default = {self.settings.granted_role} - {""}
        return self.roles.get(iam_id, frozenset(default))

    def roles_on(self, iam_id: str, service_id: ServiceId | None) -> frozenset[str]:
        """The roles of an identity for one service ID and its keys; whoever created it is its administrator."""
        roles = self.roles_of(iam_id)
        if service_id is None:
            return roles
        own = {"Administrator"} if service_id.created_by == iam_id else set()
        return roles | self.roles_on_one.get((iam_id, service_id.id), frozenset()) | own

    def purge(self) -> None:
        """Remove for good what expired and was last changed long ago; looks at most once a minute."""
        if self.clock.now() - self._purged_at < SECONDS_BETWEEN_PURGES:
            return
        self._purged_at = self.clock.now()
        for key in [key for key in self.keys.values() if key.is_past_keeping(self._purged_at)]:
            self.remove_key(key)
