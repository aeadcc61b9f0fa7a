# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One authenticated request to /v1, and the checks that several endpoints share."""

from __future__ import annotations

from dataclasses import dataclass

from .addresses import check_address
from .bodies import choice, flag
from .clock import parse_expiry
from .entities import Entity, ServiceId
from .messages import NO_CONTENT, Answer, Json, Request, json_answer
from .refusals import Refusal, invalid, missing, not_found
from .roles import allows
from .world import Caller, World

ACTIONS_WHEN_LEAKED = ("none", "disable", "delete")


@dataclass(frozen=True)
class Call:
    """A request, who sent it, and the world it is about."""

    world: World
    request: Request
    caller: Caller

    def asks_for(self, parameter: str) -> bool:
        """Whether a boolean query parameter is true."""
        return flag(self.request.query.get(parameter), parameter)

    def demands(self, header: str) -> bool:
        """Whether a boolean header is true."""
        return flag(self.request.header(header), header)

    def may(self, action: str, service_id: ServiceId | None = None) -> bool:
        """Whether a role of the caller has this action, such as `apikey.update`; on one service ID, if it is given."""
        return allows(self.world.roles_on(self.caller.iam_id, service_id), action)

    def check_role(self, action: str, service_id: ServiceId | None = None) -> None:
        """Refuse a caller without a role that has this action."""
        if not self.may(action, service_id):
            raise Refusal(403, f"You are not authorized: the action iam-identity.{action} is needed.")

    def check_reach(self, action: str, entity: Entity, service_id: ServiceId | None) -> None:
        """Refuse a caller without a role for this key or service ID, or hide that it exists."""
        if self.may(action, service_id):
            return
        if self.world.settings.foreign_key_status == 404:
            raise not_found(type(entity).__name__, entity.id)
        raise Refusal(self.world.settings.foreign_key_status, f"You are not authorized for iam-identity.{action} here.")

    def check_lengths(self, body: Json) -> None:
        """Refuse a text that is too long; IBM documents no limit, and 0 is none."""
        settings = self.world.settings
        for member, limit in (("name", settings.name_limit), ("description", settings.description_limit)):
            if limit and len(body.get(member) or "") > limit:
                raise invalid("A property failed validation.")

    def check_not_restricted(self, restriction: str, action: str) -> None:
        """Refuse a creation that the account settings leave to holders of a role, even for its owner."""
        if self.world.account_settings.values[restriction] == "RESTRICTED" and not self.may(action):
            status = self.world.settings.restricted_create_status
            raise Refusal(status, f"The account restricts this: the action iam-identity.{action} is needed.")

    def check_account(self, account_id: str | None) -> None:
        """Refuse what is about another account, or about none."""
        if not account_id:
            raise missing("account_id")
        if account_id != self.caller.account_id:
            raise Refusal(403, "You are not authorized for this account.")

    def tagged(self, entity: Entity, content: Json, status: int = 200) -> Answer:
        """An entity with its version in the ETag header."""
        tag = f'"{entity.entity_tag}"' if self.world.settings.quoted_tags else entity.entity_tag
        return json_answer(content, status, {"ETag": tag})

    def check_tag(self, entity: Entity) -> None:
        """Refuse an update without If-Match, or with a tag that is not the current one."""
        sent = self.request.header("If-Match")
        if not sent:
            raise missing("If-Match")
        tag = sent.removeprefix("W/").strip('"')
        if tag not in ("*", entity.entity_tag):
            raise Refusal(self.world.settings.stale_tag_status, "The entity was changed in the meantime.")

    def check_unlocked(self, entity: Entity) -> None:
        """Refuse to change or delete what is locked."""
        if entity.locked:
            status = self.world.settings.locked_write_status
            raise Refusal(status, "The entity is locked.", details=f"Unlock {entity.id} first")

    def switch(self, entity: Entity, attribute: str, wanted: bool, action: str) -> Answer:
        """Set a flag such as `locked`; to be so already is a conflict (iam-facts.md 3.5)."""
        if getattr(entity, attribute) != wanted:
            setattr(entity, attribute, wanted)
            self.world.note_change(entity, self.caller, action)
            return NO_CONTENT
        if self.world.settings.already_so_status < 300:
            return NO_CONTENT
        raise Refusal(self.world.settings.already_so_status, f"The entity is already so: {action}.")

    def expiry_from(self, text: str, *, may_be_past: bool = False) -> float:
        """The moment of an `expires_at`, which must lie ahead when a key is made."""
        moment = parse_expiry(text)
        if moment is None:
            raise invalid("Property expires_at must look like 2027-01-02T18:30+0000.")
        if moment <= self.world.clock.now() and not may_be_past:
            raise invalid("Property expires_at must lie in the future.")
        return moment


def check_key_address(world: World, key_id: str, status: int) -> None:
    """Refuse a caller whose address the account, or the key that was logged in with, does not allow."""
    key = world.keys.get(key_id)
    for allowed in (world.account_settings.values["allowed_ip_addresses"], key.allowed_ip_addresses if key else ""):
        check_address(world.settings.caller_address, allowed, status)


def action_when_leaked(body: Json, default: str) -> str:
    """What IBM does when it finds the key in public."""
    return choice(body.get("action_when_leaked"), "action_when_leaked", ACTIONS_WHEN_LEAKED, default)
