# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One slot in one run: what was seen last, what may be touched, and how a commit is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Commit, Look, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.needed import needed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Loaded, Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published import value_is_lost
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
    round_up,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Seen
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped


@dataclass(frozen=True)
class Looked:
    """The answer to a `Look`; `is_whole` is False when a list of the whole account had to do."""

    loaded: Loaded
    keys: tuple[ApiKey, ...]
    is_whole: bool = True


class SlotRun:
    """`foreign_ids` are the published keys of the other slots of this run."""

    def __init__(self, slot: Slot, ports: Ports, foreign_ids: frozenset[str]):
        self.slot = slot
        self.ports = ports
        self.iam = ports.client.branch()
        self.loaded = Loaded(None, None, None)
        self.seen: Seen | None = None
        self.has_seen_all = False
        # Keys made by this run: a list may not show them yet.
        self.made: dict[str, ApiKey] = {}
        self.proven: set[int] = set()
        self.warnings: list[str] = []
        self.last_logins: dict[str, datetime | None] = {}
        self._foreign_ids = foreign_ids
        self._lost: dict[str, bool] = {}
        self.conflicts = 0

    @property
    def record(self) -> Record:
        return needed(self.loaded.record, "a record")

    @property
    def pending(self) -> Pending:
        return needed(self.record.pending, "a pending key")

    def look(self, *, is_glance: bool = False) -> Steps:
        """See the world anew: `loaded` was read before the keys in `seen` were listed."""
        looked: Looked = yield Look(is_glance)
        self.loaded, self.has_seen_all = looked.loaded, looked.is_whole
        keys = {key.id: key for key in looked.keys}
        for key_id in sorted(self._doubtful_ids(keys)):
            found = self._get(key_id) or self.made.get(key_id)
            if found is not None:
                keys[key_id] = found
        self.seen = self._see(keys)

    def observe(self, key_id: str | None) -> None:
        """Ask when a replaced key last logged in, for the plan to judge by."""
        key_id, seen = needed(key_id, "a key"), needed(self.seen, "a look at the keys")
        last = self.iam.api_keys.read_activity(key_id).last_login_at
        try:
            self.last_logins[key_id] = parse_time(last) if last else None
        except ValueError:
            raise SlotStopped(
                f"IBM Cloud tells the last log-in of {key_id} in a form that is not understood, so nobody can say if "
                "it is still in use. It stays enabled; with `quiet_hours: 0` the rotation does not ask"
            ) from None
        self.seen = replace(seen, last_logins=dict(self.last_logins))
        policy = self.slot.policy
        if last and policy.on_previous_in_use == "warn" and seen.now < parse_time(last) + policy.quiet:
            self.warnings.append(
                f"the old key {key_id} still logged in at {last}, less than {policy.quiet_hours:g} hours ago, and is "
                "disabled now: whoever uses it has not got the new value"
            )

    def _see(self, keys: dict[str, ApiKey]) -> Seen:
        orders, record = self.ports.orders, self.loaded.record
        current = record.current if record else None
        is_leaked = current is not None and (current.compromised or current.id in orders.compromised_ids)
        return Seen(
            now=self.iam.now(),
            keys=tuple(keys.values()),
            has_value=self.loaded.published_value is not None,
            orders=orders,
            has_stale_copies=self.loaded.has_stale_copies,
            pending_id=self._pending_id_by_value(keys),
            login_key_id=self.iam.login_key_id() if is_leaked else None,
            last_logins=dict(self.last_logins),
            proven=frozenset(self.proven),
            value_is_lost=orders.verify_values and current is not None and self._is_lost(current),
        )

    def _is_lost(self, current: Current) -> bool:
        """Asked once for each published key, and not about one that may be too new to be known everywhere."""
        if self.iam.now() < current.published_at + self.slot.policy.lease:
            return False
        if current.id not in self._lost:
            self._lost[current.id] = value_is_lost(self.iam, self.slot, self.loaded)
        return self._lost[current.id]

    def _pending_id_by_value(self, keys: dict[str, ApiKey]) -> str | None:
        """Without a marker only its value tells the pending key."""
        pending = self.loaded.record.pending if self.loaded.record else None
        if self.slot.use_marker or pending is None or pending.id or not pending.key_value:
            return None
        found = self.iam.api_keys.find_by_value(pending.key_value)
        if found is not None:
            keys.setdefault(found.id, found)
        return found.id if found else None

    def commit(self, record: Record, published_value: str | None = None, *, removes_value: bool = False) -> Steps:
        """Write the next revision of the record; CommitLost is thrown when somebody else wrote meanwhile."""
        numbered = replace(record, revision=record.revision + 1)
        self.loaded = yield Commit(numbered, published_value, removes_value)

    def drop_record(self) -> Steps:
        """Forget the slot."""
        self.loaded = yield Commit(None)

    def moment(self) -> datetime:
        """IAM's time as it is recorded."""
        return round_up(self.iam.now())

    def is_in_time(self, announced_at: datetime) -> bool:
        """An announced request is sent in the first half of its lease, else it is announced again."""
        return self.iam.now() < announced_at + self.slot.policy.lease / 2

    def guard(self, key_id: str) -> None:
        """Refuse to disable or delete a key that is in use; raises SlotStopped."""
        current = self.loaded.record.current if self.loaded.record else None
        if current is not None and key_id == current.id:
            raise SlotStopped(f"API key {key_id} is the published one and stays")
        if key_id in self._foreign_ids:
            raise SlotStopped(f"API key {key_id} is the published one of another slot and stays")
        if key_id == self.iam.login_key_id():
            raise SlotStopped(
                f"API key {key_id} is the one that this run logs in with: update the credential to the new value, "
                "then run again"
            )

    def marker(self, generation: int) -> Marker | None:
        """What ties a key of this generation to the slot; None when the user wants no text in descriptions."""
        return Marker(self.record.slot_id, generation) if self.slot.use_marker else None

    def made_with(self, key_value: str, marker: Marker | None) -> ApiKey | None:
        """The key that this run made, if IAM's answer itself ties this value and this marker to it."""
        made = (key for key in self.made.values() if key.key_value == key_value)
        return next((key for key in made if split_description(key.description)[1] == marker), None)

    def entry(self, key_id: str | None) -> Superseded:
        """The entry of a replaced key."""
        return next(entry for entry in self.record.superseded if entry.id == key_id)

    def key(self, key_id: str | None) -> ApiKey | None:
        """A key as it was seen last."""
        return self.seen.key(key_id) if self.seen else None

    def delete_in_iam(self, key: ApiKey) -> None:
        """Delete a key that `guard` let through, a locked one too; gone is fine."""
        if key.locked:
            try:
                self.iam.api_keys.unlock(key.id)
            except NotFound:
                return
        self.iam.api_keys.delete(key.id)

    def _doubtful_ids(self, listed: dict[str, ApiKey]) -> set[str]:
        """Keys for which a list is no proof, because it may be stale: those it lacks, and those it shows unchanged."""
        record = self.loaded.record
        known = set(record.known_ids) if record else set()
        disabled = {entry.id for entry in record.superseded if entry.disabling_at} if record else set()
        lacking = (known | self.made.keys()) - listed.keys()
        return lacking | {key_id for key_id in disabled & listed.keys() if not listed[key_id].disabled}

    def _get(self, key_id: str) -> ApiKey | None:
        try:
            return self.iam.api_keys.get(key_id)
        except NotFound:
            return None
