# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What IAM stores, and how each record shows itself to a client."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import ClassVar

from .clock import minute_text
from .messages import Json

KEPT_AFTER_EXPIRY_SECONDS = 90 * 24 * 3600
NOT_SET = "NOT_SET"


@dataclass
class Entity:
    """What API keys and service IDs have in common."""

    kind: ClassVar[str]
    id: str
    iam_id: str
    account_id: str
    name: str
    created_by: str
    created_at: float
    description: str | None = None
    locked: bool = False
    modified_at: float = 0.0
    revision: int = 0
    history: list[Json] = field(default_factory=list)
    authn_count: int = 0
    last_authn_at: float | None = None

    @property
    def entity_tag(self) -> str:
        """The version that If-Match is compared with; differs after every change."""
        return f"{self.revision}-{hashlib.sha256(f'{self.id}/{self.revision}'.encode()).hexdigest()[:32]}"

    @property
    def crn(self) -> str:
        """The cloud resource name."""
        return f"crn:v1:bluemix:public:iam-identity::a/{self.account_id}::{self.kind}:{self.id}"

    def record_change(self, now: float, actor: str, action: str) -> None:
        """Note who changed what; gives the entity a new tag."""
        self.revision += 1
        self.modified_at = now
        self.history.append(
            {
                "timestamp": minute_text(now),
                "iam_id": actor,
                "iam_id_account": self.account_id,
                "action": action,
                "params": [],
                "message": f"{action} by {actor}",
            }
        )

    def record_login(self, now: float) -> None:
        """Count a log-in; this is no change of the entity."""
        self.authn_count += 1
        self.last_authn_at = now

    def _extras(self, with_history: bool, with_activity: bool) -> Json:
        extras: Json = {} if self.description is None else {"description": self.description}
        if with_history:
            extras["history"] = self.history
        if with_activity:
            extras["activity"] = {"authn_count": self.authn_count}
            if self.last_authn_at is not None:
                extras["activity"]["last_authn"] = minute_text(self.last_authn_at)
        return extras


@dataclass
class ApiKey(Entity):
    """An API key of a user or of a service ID."""

    kind: ClassVar[str] = "apikey"
    key_value: str = field(default="", repr=False)
    is_value_stored: bool = False
    disabled: bool = False
    support_sessions: bool = False
    action_when_leaked: str = "disable"
    expires_at: float | None = None
    allowed_ip_addresses: str = ""
    unknown_for: dict[str, int] = field(default_factory=dict)
    logins_since_disabled: int = 0

    @property
    def belongs_to_service_id(self) -> bool:
        """Whether a service ID owns the key, not a user."""
        return self.iam_id.startswith("iam-ServiceId-")

    def hides_from(self, access: str) -> bool:
        """Whether a lagging replica does not know the key yet; each ask counts down its own kind of access."""
        remaining = self.unknown_for.get(access, 0)
        if remaining > 0:
            self.unknown_for[access] = remaining - 1
        return remaining > 0

    def is_expired(self, now: float) -> bool:
        """Whether the key has stopped to log in."""
        return self.expires_at is not None and now >= self.expires_at

    def is_past_keeping(self, now: float) -> bool:
        """Whether IAM removes the key for good, locked or not: expiry and last change are over 90 days ago."""
        expired_at = self.expires_at
        return expired_at is not None and now - max(expired_at, self.modified_at) > KEPT_AFTER_EXPIRY_SECONDS

    def show(self, *, with_value: bool = False, with_history: bool = False, with_activity: bool = False) -> Json:
        """The key as IAM answers it; what was never set is absent (iam-facts.md 3.1)."""
        shown: Json = {
            "id": self.id,
            "entity_tag": self.entity_tag,
            "crn": self.crn,
            "locked": self.locked,
            "disabled": self.disabled,
            "created_at": minute_text(self.created_at),
            "created_by": self.created_by,
            "modified_at": minute_text(self.modified_at),
            "support_sessions": self.support_sessions,
            "action_when_leaked": self.action_when_leaked,
            "name": self.name,
            "iam_id": self.iam_id,
            "account_id": self.account_id,
            **self._extras(with_history, with_activity),
        }
        if self.expires_at is not None:
            shown["expires_at"] = minute_text(self.expires_at)
        if with_value:
            shown["apikey"] = self.key_value
        return shown


@dataclass
class ServiceId(Entity):
    """A robot identity."""

    kind: ClassVar[str] = "serviceid"
    group_id: str = ""
    unique_instance_crns: list[str] = field(default_factory=list)

    def show(self, *, with_group: bool = False, with_history: bool = False, with_activity: bool = False) -> Json:
        """The service ID as IAM answers it; the group only when asked for (iam-facts.md 4.1)."""
        shown: Json = {
            "id": self.id,
            "iam_id": self.iam_id,
            "entity_tag": self.entity_tag,
            "crn": self.crn,
            "locked": self.locked,
            "created_at": minute_text(self.created_at),
            "modified_at": minute_text(self.modified_at),
            "account_id": self.account_id,
            "name": self.name,
            "unique_instance_crns": self.unique_instance_crns,
            **self._extras(with_history, with_activity),
        }
        if with_group:
            shown["group_id"] = self.group_id
        return shown


@dataclass
class ServiceIdGroup(Entity):
    """A group that service IDs are made in and stay in."""

    kind: ClassVar[str] = "serviceid-group"

    def show(self) -> Json:
        """The group as IAM answers it."""
        return {
            "id": self.id,
            "entity_tag": self.entity_tag,
            "account_id": self.account_id,
            "crn": self.crn,
            "name": self.name,
            "created_at": minute_text(self.created_at),
            "created_by": self.created_by,
            "modified_at": minute_text(self.modified_at),
            **self._extras(with_history=False, with_activity=False),
        }


@dataclass
class TrustedProfile(Entity):
    """An identity that others take on for a while."""

    kind: ClassVar[str] = "profile"
    email: str | None = None
    identities: list[Json] = field(default_factory=list)

    def show(self, *, with_history: bool = False, with_activity: bool = False) -> Json:
        """The profile as IAM answers it."""
        shown: Json = {
            "id": self.id,
            "entity_tag": self.entity_tag,
            "crn": self.crn,
            "name": self.name,
            "created_at": minute_text(self.created_at),
            "modified_at": minute_text(self.modified_at),
            "iam_id": self.iam_id,
            "account_id": self.account_id,
            **self._extras(with_history, with_activity),
        }
        if self.email is not None:
            shown["email"] = self.email
        return shown


@dataclass
class AccountSettings(Entity):
    """How an account restricts its identities."""

    kind: ClassVar[str] = "account-settings"
    values: Json = field(
        default_factory=lambda: {
            "restrict_create_service_id": NOT_SET,
            "restrict_create_platform_apikey": NOT_SET,
            "allowed_ip_addresses": "",
            "mfa": "NONE",
            "user_mfa": [],
            "session_expiration_in_seconds": NOT_SET,
            "session_invalidation_in_seconds": NOT_SET,
            "max_sessions_per_identity": NOT_SET,
            "system_access_token_expiration_in_seconds": NOT_SET,
            "system_refresh_token_expiration_in_seconds": NOT_SET,
            "restrict_user_list_visibility": "NOT_RESTRICTED",
            "restrict_user_domains": [],
        }
    )

    def show(self, *, with_history: bool = False) -> Json:
        """The settings as IAM answers them."""
        shown = {"account_id": self.account_id, "entity_tag": self.entity_tag, **self.values}
        return {**shown, "history": self.history} if with_history else shown


@dataclass
class User:
    """A person of the account."""

    iam_id: str
    name: str
    email: str
    last_authn_at: float | None = None

    def record_login(self, now: float) -> None:
        """Remember a log-in."""
        self.last_authn_at = now


@dataclass
class Report:
    """Who has not logged in for a while; not ready for the first reads."""

    reference: str
    created_at: float
    content: Json
    unready_reads: int
