# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends one request to IBM Cloud IAM, as often as is allowed, and hands back its answer."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import Answer
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock, SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import (
    Deadline,
    is_under_way,
    one_deadline,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.endpoint import Endpoint
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    IamError,
    TooBusy,
    error_from_reply,
    not_from_iam,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_secrets import SentSecrets
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_texts import lengths_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.shared_backoff import SharedBackoff
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
        self, endpoint: Endpoint, protect: t.Callable[[str], None], clock: Clock | None = None, *, adapter: t.Any = None
    ) -> None:
        self.endpoint = endpoint
        self.protect = protect
        self._clock = clock or SystemClock()
        self._wire = Wire(endpoint, adapter)
        self._backoff: SharedBackoff | None = None
        self._sent = SentSecrets()

    @contextlib.contextmanager
    def backing_off_together(self) -> t.Iterator[None]:
        """Let all threads wait when IAM tells one of them to come back later.

        Not for a rotation: there a request has to end within its lease, so it must not wait for others.
        """
        self._backoff = SharedBackoff(self._clock)
        try:
            yield
        finally:
            self._backoff = None

    @contextlib.contextmanager
    def one_request(self) -> t.Iterator[Deadline]:
        """What is sent while this holds, a log-in for instance, is a part of one request and shares its deadline."""
        if self._backoff and not is_under_way():
            self._backoff.wait()
        with one_deadline(self._clock) as deadline:
            yield deadline

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
        may_have_happened = False
        with self.one_request() as deadline:
            give_up_at = deadline.ends_at
            for tries in itertools.count(1):
                came = self._wire.exchange(request, deadline)
                now = self._clock.monotonic()
                give_up_at = min(give_up_at, now + retry.RETRY_BUDGET_SECONDS)
                pause = retry.pause_seconds(came.failure, tries, random.random())  # noqa: S311  # it hides nothing
                if not retry.may_try_again(method, path, came.failure, tries) or now + pause >= give_up_at:
                    break
                may_have_happened = may_have_happened or _may_have_happened(came)
                if self._backoff and came.failure.status == 429:
                    self._backoff.last_for(pause)
                self._clock.sleep(pause)
        return self._read(came, request, action, advice, may_have_happened)

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


def _may_have_happened(came: Raw | NoAnswer) -> bool:
    return came.may_have_happened if isinstance(came, NoAnswer) else came.status >= 500


def _reference(told: str | None, sent: SentSecrets) -> str | None:
    """IAM's own reference of a request; none if it holds a secret that was sent, or a part of one."""
    reference = _in_form(REFERENCE, told)
    return None if reference is None or sent.show_in(reference) else reference


def _in_form(form: re.Pattern[str], text: str | None) -> str | None:
    return text if text and form.fullmatch(text) else None
