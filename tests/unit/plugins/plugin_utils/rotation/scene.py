# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small world for the rotation: the emulator in process, a store in memory, a clock that moves when slept on."""

from __future__ import annotations

import functools
import io
import json
import typing as t
from dataclasses import dataclass, field, fields

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import ClosedValue, Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import Policy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    CommitLost,
    NotWritten,
    Ports,
    RecordStore,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import (
    Orders,
    Place,
    Slot,
    SlotStopped,
    foreign_copy,
)
from iam_emulator import Emulator, EmulatorAdapter, Visitor
from urllib3 import HTTPResponse

START = 1_780_000_000.0
HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS

ONE_AT_A_TIME = Settings(concurrency=1)


class Killed(BaseException):
    """The process died here."""


def first_moment() -> float:
    return START


def _nothing() -> None:
    pass


class EmulatorClock:
    """Sleeping moves the emulator's time on."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def monotonic(self) -> float:
        return float(self._emulator.clock.now())

    def sleep(self, seconds: float) -> None:
        self._emulator.clock.advance(seconds)


@dataclass
class Effects:
    """Counts what a run does to the world, and kills it before or after the effect of a chosen number."""

    kill_at: int | None = None
    kill_on: str | None = None
    kill_on_skips: int = 0
    kill_after_effect: bool = False
    done: list[str] = field(default_factory=list)
    hidden_from_lists: frozenset[str] = frozenset()
    hidden_from_lookups: bool = False
    watch: t.Callable[[], None] = _nothing
    # Changes what IAM answers to a request of this name.
    rewrite: t.Callable[[str, t.Any], None] | None = None

    def perform(self, name: str, effect: t.Callable[[], t.Any]) -> t.Any:
        is_named = name == self.kill_on and self.done.count(name) == self.kill_on_skips
        is_last = len(self.done) == self.kill_at or is_named
        self.done.append(name)
        if is_last and not self.kill_after_effect:
            raise Killed(name)
        answer = effect()
        self.watch()
        if is_last:
            raise Killed(name)
        return answer


class WatchedAdapter(EmulatorAdapter):
    """The emulator as a network whose requests are counted effects."""

    def __init__(self, emulator: Emulator, effects: Effects) -> None:
        super().__init__(emulator)
        self._effects = effects

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        path = request.path_url.partition("?")[0]
        name = f"{request.method} {path}"
        answer = self._effects.perform(name, lambda: super(WatchedAdapter, self).send(request, *args, **kwargs))
        if name == "GET /v1/apikeys" and self._effects.hidden_from_lists:
            body = answer.json()
            body["apikeys"] = [key for key in body["apikeys"] if key["id"] not in self._effects.hidden_from_lists]
            _say(answer, body)
        if self._effects.rewrite and answer.status_code != 204:
            body = answer.json()
            self._effects.rewrite(name, body)
            _say(answer, body)
        if name == "GET /v1/apikeys/details" and self._effects.hidden_from_lookups:
            answer.status_code = 404
            _say(answer, {"errors": [{"code": "not_found", "message_code": "BXNIM0102E"}]})
        return answer


def _say(answer: t.Any, body: t.Any) -> None:
    """Put another body into an answer, to be read as if it came."""
    content = json.dumps(body).encode()
    answer.raw = HTTPResponse(io.BytesIO(content), preload_content=False)
    answer.headers["Content-Length"] = str(len(content))
    answer._content, answer._content_consumed = False, False


@dataclass
class MemoryDisk:
    """What all runs share: records, values, and a stamp that every write changes."""

    records: dict[str, Record] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    stamp: int = 0
    why_not_writable: str | None = None
    effects: Effects = field(default_factory=Effects)
    before_commit: t.Callable[[], None] = _nothing
    before_load: t.Callable[[], None] = _nothing
    after_load: t.Callable[[], None] = _nothing


class MemoryStore:
    """One run's view of the disk; a compare-and-swap as the file store has it."""

    def __init__(self, disk: MemoryDisk, effects: Effects) -> None:
        self._disk = disk
        self._effects = effects
        self._known_stamp = disk.stamp
        self._epoch = 0

    def refresh(self) -> None:
        """Every load sees the disk as it is."""

    def load(self, slot: Slot) -> Loaded:
        self._disk.before_load()
        if self._disk.stamp != self._known_stamp:
            self._known_stamp, self._epoch = self._disk.stamp, self._epoch + 1
        text = self._disk.values.get(slot.variable)
        value = _key_value(text)
        copies = ((place, _key_value(self._disk.values.get(place.variable))) for place in slot.copies)
        stale = tuple((place, found) for place, found in copies if found != value)
        had_line_break = value is not None and value != text
        held = None if value is None else ClosedValue(lambda: value)
        loaded = Loaded(self._disk.records.get(slot.variable), held, self._epoch, stale, had_line_break)
        self._disk.after_load()
        return loaded

    def copy(self, slot: Slot, published_value: str | None, own_values: frozenset[str]) -> None:
        for place in slot.copies:
            self._effects.perform("copy", functools.partial(self._copy, place, published_value, own_values))

    def _copy(self, place: Place, value: str | None, own_values: frozenset[str]) -> None:
        if _key_value(self._disk.values.get(place.variable)) not in {None, value, *own_values}:
            raise SlotStopped(foreign_copy(place))
        if value is None:
            self._disk.values.pop(place.variable, None)
        else:
            self._disk.values[place.variable] = value

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        self._disk.before_commit()
        return t.cast(
            "list[Loaded | NotWritten]", self._effects.perform("commit", functools.partial(self._write, changes))
        )

    def check(self, *changes: SlotChange) -> None:
        if self._disk.why_not_writable:
            raise SlotStopped(self._disk.why_not_writable)
        is_old = any(change.loaded.version != self._epoch for change in changes)
        if is_old or self._disk.stamp != self._known_stamp:
            raise CommitLost

    def _write(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        if self._disk.stamp != self._known_stamp:
            return [NotWritten() for _change in changes]
        answers = [self._write_one(change) for change in changes]
        self._disk.stamp += 1
        self._known_stamp = self._disk.stamp
        return answers

    def _write_one(self, change: SlotChange) -> Loaded | NotWritten:
        if change.loaded.version != self._epoch:
            return NotWritten()
        variable = change.slot.variable
        if change.record is None:
            self._disk.records.pop(variable, None)
        else:
            self._disk.records[variable] = change.record
        if change.removes_value:
            self._disk.values.pop(variable, None)
        elif change.published_value is not None:
            self._disk.values[variable] = change.published_value
        return Loaded(change.record, change.value_after, self._epoch)


def _key_value(text: str | None) -> str | None:
    """What the file store makes of a text."""
    value = (text or "").rstrip("\r\n")
    return value if value.strip() else None


class Scene:
    """One account with a service ID, and a slot for it."""

    def __init__(self, **policy: t.Any) -> None:
        self.emulator = self.make_emulator()
        self.owner = self.visitor.create_service_id(name="ci", account_id=self.emulator.seed.account_id)
        self.visitor.grant(self.owner["iam_id"], "Operator")  # so that a run may log in with the key that it rotates
        self.store = MemoryDisk()
        self.told: list[str] = []
        self.slot = self.make_slot("deploy", **policy)

    def make_emulator(self) -> Emulator:
        return Emulator(clock=first_moment)

    @property
    def visitor(self) -> Visitor:
        """Somebody else with access to the account; logs in anew, because tokens expire as the time is moved on."""
        return Visitor(self.emulator)

    def make_slot(self, name: str, **words: t.Any) -> Slot:
        """A slot of the service ID; words that are no fields of a slot are its policy."""
        own = {field.name for field in fields(Slot)}
        return Slot(
            name=name,
            file="secrets.yml",
            variable=name,
            key_name=name,
            iam_id=self.owner["iam_id"],
            account_id=self.emulator.seed.account_id,
            policy=Policy(**{word: value for word, value in words.items() if word not in own}),
            **{word: value for word, value in words.items() if word in own},
        )

    def client(self, effects: Effects, api_key: str | None = None, token: str | None = None) -> IamClient:
        return open_client(
            {"api_key": api_key or self.emulator.seed.api_key, "token": token},
            {},
            lambda secret: None,
            clock=EmulatorClock(self.emulator),
            adapter=WatchedAdapter(self.emulator, effects),
        )

    def ports(self, effects: Effects, store: RecordStore | None = None, *, api_key: str | None = None) -> Ports:
        """What a run gets of the outside world; what it tells is kept in `told`."""
        store = store or MemoryStore(self.store, effects)
        return Ports(self.client(effects, api_key), store, protect=lambda secret: None, tell=self.told.append)

    def run(
        self,
        *slots: Slot,
        effects: Effects | None = None,
        check_mode: bool = False,
        api_key: str | None = None,
        **orders: t.Any,
    ) -> list[SlotOutcome]:
        """One run over these slots, or over the only one there is."""
        self.store.effects = effects or Effects()
        ports = self.ports(self.store.effects, api_key=api_key)
        todo = slots or [self.slot]
        return rotate_slots(todo, ports, Orders(**orders), ONE_AT_A_TIME, check_mode=check_mode, unforeseen=_raise)

    def pass_time(self, seconds: float) -> None:
        self.emulator.clock.advance(seconds)

    def keys(self) -> dict[str, t.Any]:
        """The keys of the service ID, by id, as the emulator has them."""
        accounts = self.emulator.worlds.values()
        keys = {key_id: key for account in accounts for key_id, key in account.keys.items()}
        return {key_id: key for key_id, key in keys.items() if key.iam_id == self.owner["iam_id"]}

    def works(self, key_value: str | None) -> bool:
        """Whether a value would log in, without logging in."""
        return any(key.key_value == key_value and not key.disabled for key in self.emulator.world.keys.values())

    @property
    def record(self) -> Record:
        return self.store.records[self.slot.variable]

    @property
    def published_id(self) -> str:
        assert self.record.current is not None
        return self.record.current.id

    @property
    def value(self) -> str | None:
        return self.store.values.get(self.slot.variable)

    def writes(self) -> list[str]:
        """The changes asked of IAM since the log was cleared; logging in is none."""
        return [
            f"{entry['method']} {entry['path']}"
            for entry in self.emulator.requests
            if entry["method"] != "GET" and entry["path"] != "/identity/token"
        ]


def _raise(error: Exception) -> str:
    raise error
