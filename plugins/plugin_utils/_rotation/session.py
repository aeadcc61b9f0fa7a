# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One slot's talk with IAM in one run, and what the run has learnt by it. Everything here only reads in IAM."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    NotFound,
    NotUnderstood,
    UnknownKeyValue,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published_keys import PublishedKeys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import round_up
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.values import Values
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Drawn, View

# A new key reaches IAM's replicas at different times (docs/iam-facts.md 1.4).
LOOK_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)


class NeverLogsIn(Exception):
    """IAM knows the key and does not let it in, so waiting is of no use."""


@dataclass(frozen=True)
class Done:
    """The act is done: `key` is the key that it made or found.

    A sweep has deleted `swept_ids`; `used` are orphans that ever logged in, with their generations.
    """

    key: ApiKey | None = None
    swept_ids: tuple[str, ...] = ()
    used: tuple[tuple[ApiKey, int], ...] = ()


@dataclass(frozen=True)
class Again:
    """Act once more after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Rejected:
    """The new key is no good, for this reason."""

    why: str


@dataclass(frozen=True)
class TooLate:
    """Nothing was sent, because the announcement is too old: plan again."""


Result = t.Union[Done, Again, Rejected, TooLate]


class Session:
    """What this run has done and learnt: `made` are the keys it has created, which a list may not show yet."""

    def __init__(self, slot: Slot, ports: Ports, published: PublishedKeys) -> None:
        self.slot = slot
        self.iam = ports.client.branch()
        self.protect, self.history = ports.protect, ports.history
        self._draw_slot_id, self._draw_value = ports.draw_slot_id, ports.draw_value
        self._published = published
        self._of_others = published.of_others((slot.file, slot.variable))
        self.made: dict[str, ApiKey] = {}
        # Keys that were read a moment ago, with the version that a change has to name.
        self.just_read: dict[str, ApiKey] = {}
        # When the log-in with a pending value began to hold, in monotonic seconds.
        self.works_since: dict[str, float] = {}
        self.proven: set[int] = set()
        self.enabled: set[tuple[str, datetime | None]] = set()
        self.rejected: dict[tuple[int, datetime], str] = {}
        self.last_logins: dict[str, datetime | None] = {}
        self.warnings: list[str] = []
        self.conflicts = 0
        self.has_replaced = False
        # Published keys that IAM does not let us put in order.
        self.unfit: set[str] = set()
        self.values = Values(slot, self.iam)
        self._tries: dict[str, int] = {}

    def note_published(self, loaded: Loaded) -> None:
        """Let the other slots of the run know which key is this one's now."""
        if loaded.record is not None and loaded.record.current is not None:
            self._published.note((self.slot.file, self.slot.variable), loaded.record.current.id)

    def moment(self) -> datetime:
        """IAM's time as it is recorded."""
        return round_up(self.iam.now())

    def is_in_time(self, announced_at: datetime | None) -> bool:
        """An announced request is sent in the first half of its lease, else it is announced again."""
        return announced_at is not None and self.iam.now() < announced_at + self.slot.policy.lease / 2

    def draw(self) -> Drawn:
        """The id of a new slot and a new value; none where IAM is to choose it."""
        if self.slot.policy.key_source != "local":
            return Drawn(self._draw_slot_id())
        key_value = self._draw_value()
        self.protect(key_value)
        return Drawn(self._draw_slot_id(), key_value)

    def look_again(self, about: str) -> Again | None:
        """The next pause while IAM does not know something yet; None when there were enough of them."""
        tries = self._tries.get(about, 0)
        if tries == len(LOOK_AGAIN_AFTER_SECONDS):
            return None
        self._tries[about] = tries + 1
        return Again(LOOK_AGAIN_AFTER_SECONDS[tries])

    def see(self, loaded: Loaded, listed: t.Iterable[ApiKey], orders: Orders, *, is_whole: bool) -> View:
        """The slot as it is now; `loaded` has to be read before the keys were listed.

        Raises SlotStopped when the published value is another key's, and an IamError.
        """
        keys = {key.id: key for key in listed}
        for key_id in sorted(self._doubtful_ids(loaded, keys) - self.values.gone_ids):
            found = self._get(key_id) or self.made.get(key_id)
            if found is not None:
                keys[key_id] = found
            elif is_whole and key_id not in keys:
                self.values.check_gone(loaded, key_id, keys)
        pending_id = self._pending_id_by_value(loaded, keys)
        self._tell_what_is_odd(loaded, orders)
        current = loaded.record.current if loaded.record else None
        is_leaked = current is not None and (current.compromised or current.id in orders.compromised_ids)
        view = View(
            self.slot,
            self.iam.now(),
            loaded,
            tuple(keys.values()),
            is_whole,
            self._of_others,
            pending_id,
            login_key_id=self.iam.login_key_id() if is_leaked else None,
            value_is_lost=(
                self.values.was_lost(loaded)
                if orders.verify_values or loaded.stale_copies
                else self.values.is_known_lost(loaded)
            ),
            orders=orders,
        )
        return self.remember(view)

    def _tell_what_is_odd(self, loaded: Loaded, orders: Orders) -> None:
        if loaded.had_line_break:
            self.warn(
                f"the value in {self.slot.variable} of {self.slot.file} ends with a line break, as `echo` leaves one; "
                "it is read without it"
            )
        for entry in loaded.record.superseded if loaded.record else ():
            if entry.rollback_is_done and entry.id in orders.rollback_to_ids:
                self.warn(
                    f"the order to go back to {entry.id} was carried out before that key was replaced anew, and is "
                    "not carried out again; take it off `rollback_to_ids`"
                )

    def remember(self, view: View) -> View:
        """The view with what this run has learnt since, and the time that it is now."""
        return replace(
            view,
            now=self.iam.now(),
            last_logins=dict(self.last_logins),
            proven=frozenset(self.proven),
            enabled=frozenset(self.enabled),
            rejected=dict(self.rejected),
            unfit=frozenset(self.unfit),
            has_replaced=self.has_replaced,
        )

    def observe(self, view: View, key_id: str) -> View:
        """Ask when a replaced key last logged in, for the plan to judge by."""
        try:
            last = self.iam.api_keys.read_activity(key_id).last_login_at
        except NotUnderstood as error:
            raise SlotStopped(
                f"nobody can say if {key_id} is still in use, so it stays enabled; with `quiet_hours: 0` the rotation "
                f"does not ask: {error}"
            ) from None
        self.last_logins[key_id] = last_at = parse_time(last) if last else None
        policy = self.slot.policy
        if last_at and policy.on_previous_in_use == "warn" and view.now < last_at + policy.quiet:
            self.warnings.append(
                f"the old key {key_id} still logged in at {last}, less than {policy.quiet_hours:g} hours ago, and is "
                "disabled now: whoever uses it has not got the new value"
            )
        return self.remember(view)

    def made_with(self, key_value: str, marker: Marker | None) -> ApiKey | None:
        """The key that this run made, if IAM's answer itself ties this value and this marker to it."""
        made = (key for key in self.made.values() if key.key_value == key_value)
        return next((key for key in made if split_description(key.description)[1] == marker), None)

    def log_in(self, key_value: str) -> None:
        """Log in once; raises UnknownKeyValue, NeverLogsIn, or SlotStopped when the value belongs to somebody else."""
        try:
            caller = self.iam.log_in_with(key_value).caller
        except UnknownKeyValue:
            raise
        except BadCredentials as error:
            raise NeverLogsIn(str(error)) from None
        if (caller.iam_id, caller.account_id) != (self.slot.iam_id, self.slot.account_id):
            raise SlotStopped(
                f"the key logs in as {caller.iam_id}, not as {self.slot.iam_id}. The published one is untouched"
            )

    def warn(self, text: str) -> None:
        """Tell the user, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def _pending_id_by_value(self, loaded: Loaded, keys: dict[str, ApiKey]) -> str | None:
        """Where no key carries its marker, only its value tells the pending key."""
        record = loaded.record
        pending = record.pending if record else None
        if record is None or pending is None or pending.id or not pending.key_value:
            return None
        marker = Marker(record.slot_id, pending.generation)
        if any(split_description(key.description)[1] == marker for key in keys.values()):
            return None
        found = self.iam.api_keys.find_by_value(pending.key_value)
        if found is not None:
            keys.setdefault(found.id, found)
        return found.id if found else None

    def _doubtful_ids(self, loaded: Loaded, listed: dict[str, ApiKey]) -> set[str]:
        """Keys for which a list is no proof, because it may be stale: those it lacks, and those it shows unchanged."""
        record = loaded.record
        known = set(record.known_ids) if record else set()
        disabled = {entry.id for entry in record.superseded if entry.disabling_at} if record else set()
        lacking = (known | self.made.keys()) - listed.keys()
        return lacking | {key_id for key_id in disabled & listed.keys() if not listed[key_id].disabled}

    def _get(self, key_id: str) -> ApiKey | None:
        try:
            return self.iam.api_keys.get(key_id)
        except NotFound:
            return None
