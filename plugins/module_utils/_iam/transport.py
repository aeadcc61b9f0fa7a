# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends one request to IBM Cloud IAM, as often as is allowed, and hands back its answer."""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import Answer
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock, SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import Deadline, one_deadline
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.endpoint import Endpoint
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    IamError,
    TooBusy,
    error_from_reply,
    not_from_iam,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.gate import Gate
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import Pace
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_secrets import SentSecrets
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_texts import lengths_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.wire import (
    NoAnswer,
    Raw,
    Request,
    Wire,
)

Advice = t.Mapping[type[IamError], str]

SECRET_MEMBERS = frozenset({"apikey", "access_token", "refresh_token", "delegated_refresh_token"})
# What is taken from a header: it goes into messages and into the headers of later requests.
REFERENCE = re.compile(r"[A-Za-z0-9._:+/=-]{8,100}")
VERSION = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Reply:
    """A success that IAM told: `body` is a JSON object, or None when the status is 204."""

    status: int
    body: t.Any
    etag: str | None
    transaction_id: str | None


class Transport:
    """Speaks HTTP to one endpoint.

    `protect` is told every secret that a reply holds before anybody else sees the reply; `adapter` replaces the
    network in tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        protect: t.Callable[[str], None],
        clock: Clock | None = None,
        *,
        pace: Pace | None = None,
        adapter: t.Any = None,
    ) -> None:
        self.endpoint = endpoint
        self.protect = protect
        self._clock = clock or SystemClock()
        self._wire = Wire(endpoint, adapter)
        self._gate = Gate(self._clock, pace or Pace())
        self._waits_freely = False
        self._sent = SentSecrets()

    @contextlib.contextmanager
    def waiting_freely(self) -> t.Iterator[None]:
        """While this holds, the time for which a request waits for others is none of its own.

        Not for a rotation: there a request has to end within its lease, waiting included.
        """
        self._waits_freely = True
        try:
            yield
        finally:
            self._waits_freely = False

    def one_request(self) -> t.ContextManager[Deadline]:
        """What is sent while this holds, a log-in for instance, is a part of one request and shares its deadline."""
        return one_deadline(self._clock)

    def send(
        self,
        method: str,
        path: str,
        action: str,
        *,
        query: dict[str, t.Any] | None = None,
        headers: dict[str, str] | None = None,
        json: t.Any = None,
        form: dict[str, str] | None = None,
        advice: Advice | None = None,
    ) -> Reply:
        """Send one request and return the answer to it.

        `action` completes "IBM Cloud IAM answered 404 to ..."; `advice` says what a refusal means for this action.
        Raises an `IamError`, never one of requests, after LONGEST_REQUEST_SECONDS at the latest.
        """
        request = Request(method, path, query, headers or {}, json, form)
        self._sent.add(request.secrets)
        with self.one_request() as deadline:
            came, may_have_happened = self._exchange(request, deadline)
        if came is None:
            raise TooBusy(f"IBM Cloud IAM asked to come back later, so nothing was sent to {action}")
        return self._read(came, request, action, advice, may_have_happened)

    def _exchange(self, request: Request, deadline: Deadline) -> tuple[Raw | NoAnswer | None, bool]:
        """The last of all tries, None without any; and whether one before it may have taken effect."""
        came: Raw | NoAnswer | None = None
        may_have_happened = False
        retries_end_at = math.inf
        for tries in itertools.count(1):
            waited = self._gate.enter(math.inf if self._waits_freely else min(deadline.ends_at, retries_end_at))
            if waited is None:
                break
            if self._waits_freely:
                deadline.put_off(waited)
                retries_end_at += waited
            may_have_happened = may_have_happened or _may_have_happened(came)
            with self._gate.leaving(request.kind) as leaving:
                came = self._wire.exchange(request, deadline)
                now = self._clock.monotonic()
                retries_end_at = min(retries_end_at, now + retry.RETRY_BUDGET_SECONDS)
                pause = retry.pause_seconds(came.failure, tries, random.random())  # noqa: S311  # it hides nothing
                is_in_time = now + pause < min(deadline.ends_at, retries_end_at)
                goes_on = is_in_time and retry.may_try_again(request.method, request.path, came.failure, tries)
                # A longer pause is told to this request alone: others may have to lock again what they unlocked.
                leaving.tell(came.failure.status, pause if goes_on else 0.0)
            if not goes_on:
                break
            self._clock.sleep(pause)
        return came, may_have_happened

    def _read(
        self, came: Raw | NoAnswer, request: Request, action: str, advice: Advice | None, may_have_happened: bool
    ) -> Reply:
        if isinstance(came, NoAnswer):
            may_have_happened = may_have_happened or came.may_have_happened
            raise CannotConnect(
                f"no answer from {self.endpoint.host} to {action}: {came.why}", may_have_happened=may_have_happened
            )
        transaction_id = _reference(came.headers.get("Transaction-Id"), self._sent)
        answer = Answer.of(came.status, came.headers.get("Content-Type") or "", came.content)
        self._protect_all(answer.body)
        if not answer.is_of_iam(request.method, request.path):
            raise not_from_iam(answer.status, action, answer.in_words, self.endpoint.host)
        if answer.status >= 400:
            sent = lengths_of(request.json)
            error = error_from_reply(answer.status, answer.body, action, transaction_id, advice, sent=sent)
            if isinstance(error, TooBusy):
                error.may_have_happened = may_have_happened
            raise error
        return Reply(answer.status, answer.body, _in_form(VERSION, came.headers.get("ETag")), transaction_id)

    def _protect_all(self, body: t.Any) -> None:
        if isinstance(body, list):
            for item in body:
                self._protect_all(item)
        elif isinstance(body, dict):
            for name, value in body.items():
                if name in SECRET_MEMBERS and isinstance(value, str):
                    self.protect(value)
                else:
                    self._protect_all(value)


def _may_have_happened(came: Raw | NoAnswer | None) -> bool:
    if came is None:
        return False
    return came.may_have_happened if isinstance(came, NoAnswer) else came.status >= 500


def _reference(told: str | None, sent: SentSecrets) -> str | None:
    """IAM's own reference of a request; none if it holds a secret that was sent, or a part of one."""
    reference = _in_form(REFERENCE, told)
    return None if reference is None or sent.show_in(reference) else reference


def _in_form(form: re.Pattern[str], text: str | None) -> str | None:
    return text if text and form.fullmatch(text) else None
