# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of one IBM Cloud account: its user, service IDs and API keys."""

from __future__ import annotations

import copy
import random
import string
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from .clock import Clock
from .entities import ApiKey, Entity, ServiceId, ServiceIdGroup
from .refusals import Refusal
from .settings import Settings

GENERATED_VALUE_ALPHABET = string.ascii_letters + string.digits + "_-"
GENERATED_VALUE_LENGTH = 44
KINDS_OF_ACCESS = ("get", "details", "list", "login")


@dataclass(frozen=True)
class Seed:
    """What every fresh world starts with: an account, its user and the key of that user."""

    account_id: str
    iam_id: str
    api_key_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """Who sends a request, as the bearer token says."""

    iam_id: str
    account_id: str


class Randomness:
    """Ids and key values, drawn from a source that tests may seed."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))

    def hex_id(self) -> str:
        """Thirty-two hexadecimal digits."""
        return f"{self._source.getrandbits(128):032x}"

    def key_value(self) -> str:
        """A key value like those that IAM generates."""
        return "".join(self._source.choices(GENERATED_VALUE_ALPHABET, k=GENERATED_VALUE_LENGTH))

    def seed(self) -> Seed:
        """A made-up account."""
        number = self._source.randrange(10**5)
        return Seed(self.hex_id(), f"IBMid-27{number:05d}EMU", f"ApiKey-{self.uuid()}", self.key_value())


class World:
    """Everything IAM knows about the account."""

    def __init__(self, seed: Seed, clock: Clock, settings: Settings, randomness: Randomness) -> None:
        self.seed = seed
        self.clock = clock
        self.settings = settings
        self.randomness = randomness
        self.groups: dict[str, ServiceIdGroup] = {}
        self.keys: dict[str, ApiKey] = {}
        self.service_ids: dict[str, ServiceId] = {}
        self._keys_by_value: dict[str, ApiKey] = {}
        self._keys_by_identity: dict[str, dict[str, ApiKey]] = {}
        self._stale_keys: list[ApiKey] = []
        self._stale_pages_left = 0
        first_user = Caller(seed.iam_id, seed.account_id)
        self.default_group_id = self.new_group("default", None, first_user).id
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
        if key.key_value in self._keys_by_value:
            raise Refusal(self.settings.duplicate_value_status, "The value of the API key is already in use.")
        if len(self.keys_of(key.iam_id)) >= self.settings.keys_per_identity:
            raise Refusal(422, "The limit of API keys for this identity is reached.", "BXNIM0151E")
        self.keys[key.id] = key
        self._keys_by_value[key.key_value] = key
        self._keys_by_identity.setdefault(key.iam_id, {})[key.id] = key

    def remove_key(self, key: ApiKey) -> None:
        """Forget a key; tokens that it got stay valid."""
        del self.keys[key.id]
        del self._keys_by_value[key.key_value]
        del self._keys_by_identity[key.iam_id][key.id]

    def key_with_value(self, key_value: str) -> ApiKey | None:
        """The key that has this value."""
        return self._keys_by_value.get(key_value)

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
