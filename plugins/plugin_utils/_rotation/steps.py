# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out one step of one slot through the ports.

The record leads: no write goes to IAM unless the committed record announces it, and none after a lost commit.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    IamError,
    NotFound,
    Refused,
    UnknownKeyValue,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.apply import apply_change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    Marker,
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import plan_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import Seen, Step, orphans, pending_key
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Loaded, Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
    round_up,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped

# A new key reaches IAM's replicas at different times; about two seconds are usual (IBM docs of Secrets Manager).
PROVE_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)


class SlotRun:
    """One slot in one run: what was seen last, and the steps that can be taken from there."""

    def __init__(self, slot: Slot, ports: Ports, foreign_ids: t.Callable[[], frozenset[str]]):
        self.slot = slot
        self.loaded = Loaded(None, None, None)
        self.seen: Seen | None = None
        self._ports = ports
        self._iam = ports.client
        self._foreign_ids = foreign_ids
        # Keys made by this run: a list may not show them yet.
        self._made: dict[str, ApiKey] = {}

    @property
    def record(self) -> Record:
        if self.loaded.record is None:
            raise ValueError("this step needs a record")
        return self.loaded.record

    def observe(self) -> Seen:
        """Read the record, and then list the keys: a commit of this record vouches for what was seen after it."""
        self.loaded = self._ports.store.load(self.slot)
        keys = {key.id: key for key in self._iam.api_keys.list(self.slot.iam_id, self.slot.account_id)}
        known = self.loaded.record.known_ids if self.loaded.record else frozenset()
        for key_id in sorted((known | self._made.keys()) - keys.keys()):
            # A list may be stale: only a key that cannot be read by its id either is gone.
            found = self._get(key_id) or self._made.get(key_id)
            if found is not None:
                keys[key_id] = found
        self.seen = Seen(self._iam.now(), tuple(keys.values()), self.loaded.published_value is not None)
        return self.seen

    def take(self, step: Step) -> None:
        """Carry out a step; raises CommitLost when the plan is out of date, SlotStopped or IamError when it cannot."""
        steps: dict[str, t.Callable[[Step], None]] = {
            "intend": self._intend,
            "create": self._create_announced,
            "publish": self._prove_and_publish,
            "tidy": self._tidy,
            "withdraw": self._withdraw,
            "disable": self._disable,
            "delete": self._delete,
        }
        steps[step.name](step)

    def intended(self) -> Record:
        """The record as it would be with the next generation announced."""
        before = self.loaded.record or Record(self._ports.draw_slot_id())
        generation = before.last_generation + 1
        key_value = self._ports.draw_value()
        self._ports.protect(key_value)
        pending = Pending(generation, round_up(self._iam.now()), key_value)
        return replace(before, last_generation=generation, pending=pending)

    def sweep(self) -> list[str]:
        """Delete old keys with our marker that no entry needs; returns their ids.

        The keys were listed before; the record is read again now, so an entry that another run made meanwhile counts.
        A key that ever logged in is not deleted but retired with an overlap.
        """
        if self.seen is None or self.loaded.record is None or not orphans(self.slot, self.record, self.seen):
            return []
        self.loaded = self._ports.store.load(self.slot)
        swept = []
        for key in orphans(self.slot, self.record, self.seen) if self.loaded.record else []:
            self._guard(key.id)
            if self._has_logged_in(key):
                self._retire_orphan(key)
            else:
                self._delete_in_iam(key)
                swept.append(key.id)
        return swept

    # ---- steps

    def _intend(self, step: Step) -> None:
        self._commit(self.intended())
        self._create()

    def _create_announced(self, step: Step) -> None:
        self._commit(replace(self.record, pending=replace(self._pending, started_at=self._moment())))
        self._create()

    def _create(self) -> None:
        pending = self._pending
        if not self._is_in_time(pending.started_at):
            return
        old = self.seen.key(self.record.current.id) if self.seen and self.record.current else None
        inherited = split_description(old.description)[0] if old else ""
        text = inherited if self.slot.description is None else self.slot.description
        new = NewKey(
            name=self.slot.next_key_name,
            iam_id=self.slot.iam_id,
            account_id=self.slot.account_id,
            key_value=pending.key_value,
            description=join_description(text, Marker(self.record.slot_id, pending.generation)),
        )
        try:
            made = self._iam.api_keys.create(new)
        except BadCredentials:
            raise
        except Refused as error:
            self._withdraw_because(str(error))
        self._made[made.id] = made

    def _prove_and_publish(self, step: Step) -> None:
        pending = self._pending
        self._prove(pending)
        key = self._find_pending(pending)
        self._iam.clock.sleep(self.slot.policy.settle_seconds)
        self._log_in(pending)
        self._publish(pending, key)
        self._tidy(step)

    def _publish(self, pending: Pending, key: ApiKey) -> None:
        """One commit: the variable and `current` become the successor, the old key becomes superseded."""
        now, old = self._moment(), self.record.current
        superseded = self.record.superseded
        if old is not None:
            superseded += (Superseded(old.generation, old.id, now, self.loaded.published_value),)
        current = Current(pending.generation, key.id, published_at=now)
        self._commit(
            replace(self.record, current=current, pending=None, superseded=superseded),
            published_value=pending.key_value,
        )

    def _tidy(self, step: Step) -> None:
        """Give the published key its name and its lock."""
        current = self.record.current
        if current is None:
            return
        key = self._iam.api_keys.get(current.id)
        wish = KeyWish(
            iam_id=self.slot.iam_id,
            account_id=self.slot.account_id,
            id=key.id,
            name=self.slot.key_name,
            locked=True if self.slot.locked else None,
            unlock=True,
        )
        apply_change(self._iam.api_keys, plan_key(key, wish), wish, self._ports.draw_value)

    def _withdraw(self, step: Step) -> None:
        """Take the pending key back: announce, delete it if there is one, forget it; its number is burnt."""
        pending, seen = self._pending, self.seen
        self._commit(replace(self.record, pending=replace(pending, withdrawing_at=self._moment())))
        key = pending_key(self.record, seen) if seen else None
        key = self._iam.api_keys.find_by_value(pending.key_value) or key
        if key is not None:
            self._guard(key.id)
            self._check_is_ours(key, pending.generation)
            self._delete_in_iam(key)
            self._made.pop(key.id, None)
        self._commit(replace(self.record, pending=None))

    def _disable(self, step: Step) -> None:
        entry, key = self._entry(step), self._key(step)
        self._guard(entry.id)
        announced = self._moment()
        self._commit(self.record.with_superseded(replace(entry, disabling_at=announced)))
        if self._is_in_time(announced) and key and not key.disabled:
            if key.locked:
                self._iam.api_keys.unlock(key.id)
            self._iam.api_keys.disable(key.id)

    def _delete(self, step: Step) -> None:
        entry, key = self._entry(step), self._key(step)
        self._guard(entry.id)
        announced = self._moment()
        self._commit(self.record.with_superseded(replace(entry, deleting_at=announced)))
        if not self._is_in_time(announced):
            return
        if key is not None:
            self._delete_in_iam(key)
        self._commit(self.record.without_superseded(entry.id))

    # ---- proofs and guards

    def _prove(self, pending: Pending) -> None:
        """Log in with the pending value; a new key may be unknown for a while."""
        for pause in (0, *PROVE_AGAIN_AFTER_SECONDS):
            self._iam.clock.sleep(pause)
            try:
                self._log_in(pending)
            except UnknownKeyValue:
                continue
            return
        raise SlotStopped(
            f"the new key of generation {pending.generation} is still unknown to IBM Cloud. The old one is untouched; "
            "run again later"
        )

    def _log_in(self, pending: Pending) -> None:
        try:
            caller = self._iam.log_in_with(pending.key_value).caller
        except UnknownKeyValue:
            raise
        except BadCredentials as error:
            self._withdraw_because(str(error))
        if (caller.iam_id, caller.account_id) != (self.slot.iam_id, self.slot.account_id):
            raise SlotStopped(
                f"the new key logs in as {caller.iam_id}, not as {self.slot.iam_id}. The old one is untouched"
            )

    def _find_pending(self, pending: Pending) -> ApiKey:
        """The key that has the pending value: its id is what gets published."""
        for pause in (0, *PROVE_AGAIN_AFTER_SECONDS):
            self._iam.clock.sleep(pause)
            key = self._iam.api_keys.find_by_value(pending.key_value)
            if key is not None:
                self._check_is_ours(key, pending.generation)
                return key
        raise SlotStopped("the new key logs in but cannot be found by its value; run again later")

    def _check_is_ours(self, key: ApiKey, generation: int) -> None:
        marker = split_description(key.description)[1]
        if marker != Marker(self.record.slot_id, generation):
            raise SlotStopped(
                f"API key {key.id} has the value of this slot's next key but not its marker: somebody changed its "
                f"description. Put {Marker(self.record.slot_id, generation)} back at its end, and run again"
            )

    def _guard(self, key_id: str) -> None:
        """Refuse to disable or delete a key that is in use; raises SlotStopped."""
        if self.record.current is not None and key_id == self.record.current.id:
            raise SlotStopped(f"API key {key_id} is the published one and stays")
        if key_id in self._foreign_ids():
            raise SlotStopped(f"API key {key_id} is the published one of another slot and stays")
        if key_id == self._iam.login_key_id():
            raise SlotStopped(
                f"API key {key_id} is the one that this run logs in with: update the credential to the new value, "
                "then run again"
            )

    def _withdraw_because(self, why: str) -> t.NoReturn:
        self._withdraw(Step("withdraw", why))
        raise SlotStopped(f"the new key was withdrawn and the old one is untouched: {why}")

    # ---- small parts

    @property
    def _pending(self) -> Pending:
        if self.record.pending is None:
            raise ValueError("this step needs a pending key")
        return self.record.pending

    def _entry(self, step: Step) -> Superseded:
        return next(entry for entry in self.record.superseded if entry.id == step.key_id)

    def _key(self, step: Step) -> ApiKey | None:
        return self.seen.key(step.key_id) if self.seen else None

    def _commit(self, record: Record, published_value: str | None = None) -> None:
        numbered = replace(record, revision=record.revision + 1)
        self.loaded = self._ports.store.commit(self.slot, self.loaded, numbered, published_value)

    def _moment(self) -> datetime:
        return round_up(self._iam.now())

    def _is_in_time(self, announced_at: datetime) -> bool:
        """An announced request is sent in the first half of its lease, else it is announced again."""
        return self._iam.now() < announced_at + self.slot.policy.lease / 2

    def _get(self, key_id: str) -> ApiKey | None:
        try:
            return self._iam.api_keys.get(key_id)
        except NotFound:
            return None

    def _delete_in_iam(self, key: ApiKey) -> None:
        if key.locked:
            try:
                self._iam.api_keys.unlock(key.id)
            except NotFound:
                return
        self._iam.api_keys.delete(key.id)

    def _has_logged_in(self, key: ApiKey) -> bool:
        try:
            return self._iam.api_keys.count_logins(key.id) > 0
        except NotFound:
            return False

    def _retire_orphan(self, key: ApiKey) -> None:
        marker = split_description(key.description)[1]
        if marker is None:
            raise IamError(f"API key {key.id} lost its marker meanwhile")
        entry = Superseded(marker.generation, key.id, self._moment())
        self._commit(replace(self.record, superseded=(*self.record.superseded, entry)))
