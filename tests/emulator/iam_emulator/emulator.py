# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The emulator as one object: takes a request, returns an answer, touches no network."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from . import control
from .clock import Clock
from .faults import Faults
from .messages import Answer, Json, Request
from .refusals import Refusal, error_answer
from .routes import answer_request
from .seeds import Randomness, Seed
from .settings import Settings
from .strikes import strike
from .world import Shared, World

TRANSACTION_HEADER = "Transaction-Id"


class Emulator:
    """An IBM Cloud IAM, of one account at first; may be called from several threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        settings: Settings | None = None,
        randomness: random.Random | None = None,
        latency_ms: int = 0,
        is_sealed: bool = False,
    ) -> None:
        self.clock = Clock(clock)
        self.faults = Faults()
        self.requests: list[Json] = []
        self.latency_ms = latency_ms
        self.is_sealed = is_sealed
        self._first_latency_ms = latency_ms
        self._first_settings = settings or Settings()
        self._randomness = Randomness(randomness or random.SystemRandom())
        self._postponed: list[tuple[float, Request]] = []
        self._lock = threading.RLock()
        self.seed = self._randomness.seed()
        self.worlds: dict[str, World] = {}
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._shared = Shared()
        self.worlds.clear()
        self._add_world(self.seed, self._first_settings)

    def _add_world(self, seed: Seed, settings: Settings) -> None:
        self.worlds[seed.account_id] = World(seed, self.clock, settings, self._randomness, self._shared)

    @property
    def world(self) -> World:
        """The first account."""
        return self.worlds[self.seed.account_id]

    def add_account(self) -> Seed:
        """One more account, with a user and a key of its own, under the settings of the first; reset forgets it."""
        with self._lock:
            seed = self._randomness.seed()
            self._add_world(seed, self.world.settings)
            return seed

    def reset(self) -> None:
        """Start afresh: state, settings, clock, latency, log and faults; the account and its first key stay."""
        with self._lock:
            self.clock.reset()
            self.faults = Faults()
            self.requests.clear()
            self.latency_ms = self._first_latency_ms
            self._postponed.clear()
            self._start_afresh()

    def change_settings(self, **values: int | str) -> None:
        """Turn some switches from now on; an unknown one raises Refusal."""
        with self._lock:
            changed = self.world.settings.changed(values)
            for world in self.worlds.values():
                world.settings = changed

    def handle(self, request: Request) -> Answer:
        """Answer one request, faults included; never raises."""
        with self._lock:
            if request.is_control:
                return control.answer_control(self, request)
            self._apply_postponed(until=self.clock.now())
            for world in self.worlds.values():
                world.purge()
            transaction_id = request.header(TRANSACTION_HEADER) or f"emul8ed-{self._randomness.hex_id()}"
            # With the id in the request every answer to it carries the same one.
            known = replace(request, headers={**request.headers, TRANSACTION_HEADER: transaction_id})
            fault = self.faults.next_for(known)
            answer = self.serve(known) if fault is None else strike(fault, known, self)
            self._log(known, answer, fault.kind if fault else None)
            return answer

    def serve(self, request: Request) -> Answer:
        """Answer without faults and without a log entry."""
        try:
            answer = answer_request(self.worlds, self.clock, request)
        except Refusal as refusal:
            return self.refuse(request, refusal)
        return self._with_transaction(request, answer)

    def refuse(self, request: Request, refusal: Refusal) -> Answer:
        """An error body for this request."""
        transaction_id = request.header(TRANSACTION_HEADER) or ""
        return self._with_transaction(request, error_answer(refusal, request, transaction_id))

    def _with_transaction(self, request: Request, answer: Answer) -> Answer:
        transaction_id = request.header(TRANSACTION_HEADER) or ""
        added = {TRANSACTION_HEADER: transaction_id, "X-Correlation-Id": transaction_id}
        return replace(answer, headers={**answer.headers, **added, "Cache-Control": "no-cache,no-store"})

    def postpone(self, request: Request, seconds: float) -> None:
        """Let a request have its effect when the clock has moved on that far."""
        self._postponed.append((self.clock.now() + seconds, request))

    def settle(self) -> None:
        """Apply every postponed effect now."""
        with self._lock:
            self._apply_postponed(until=float("inf"))

    def _apply_postponed(self, until: float) -> None:
        due = sorted((entry for entry in self._postponed if entry[0] <= until), key=lambda entry: entry[0])
        self._postponed = [entry for entry in self._postponed if entry[0] > until]
        for moment, request in due:
            with self.clock.pinned(moment):
                self.serve(request)

    def _log(self, request: Request, answer: Answer, fault_kind: str | None) -> None:
        entry: Json = {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "status": None if answer.is_cut else answer.status,
            "time": self.clock.now(),
            "transaction_id": request.header(TRANSACTION_HEADER),
        }
        self.requests.append(entry if fault_kind is None else {**entry, "fault": fault_kind})
