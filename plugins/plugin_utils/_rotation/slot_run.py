# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One slot in one run: what was seen last, what may be touched, and how a commit is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Commit, Look, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import Seen
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Loaded, Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Pending, Record, round_up
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped


@dataclass(frozen=True)
class Looked:
    """The answer to a `Look`."""

    loaded: Loaded
    keys: tuple[ApiKey, ...]


class SlotRun:
    """`foreign_ids` are the published keys of the other slots of this run."""

    def __init__(self, slot: Slot, ports: Ports, foreign_ids: frozenset[str]):
        self.slot = slot
        self.ports = ports
        self.iam = ports.client.branch()
        self.loaded = Loaded(None, None, None)
        self.seen: Seen | None = None
        # Keys made by this run: a list may not show them yet.
        self.made: dict[str, ApiKey] = {}
        self._foreign_ids = foreign_ids

    @property
    def record(self) -> Record:
        if self.loaded.record is None:
            raise ValueError("this step needs a record")
        return self.loaded.record

    @property
    def pending(self) -> Pending:
        if self.record.pending is None:
            raise ValueError("this step needs a pending key")
        return self.record.pending

    def look(self) -> Steps:
        """See the world anew: `loaded` was read before the keys in `seen` were listed."""
        looked: Looked = yield Look()
        self.loaded = looked.loaded
        keys = {key.id: key for key in looked.keys}
        for key_id in sorted(self._doubtful_ids(keys)):
            found = self._get(key_id) or self.made.get(key_id)
            if found is not None:
                keys[key_id] = found
        self.seen = Seen(self.iam.now(), tuple(keys.values()), self.loaded.published_value is not None)

    def commit(self, record: Record, published_value: str | None = None) -> Steps:
        """Write the next revision of the record; CommitLost is thrown when somebody else wrote meanwhile."""
        numbered = replace(record, revision=record.revision + 1)
        self.loaded = yield Commit(numbered, published_value)

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
