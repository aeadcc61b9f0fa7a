# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends one request to IBM Cloud IAM and hands back its answer; the only importer of requests."""

from __future__ import annotations

import contextlib
import random
import re
import traceback
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import Answer
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock, SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    IamError,
    Invalid,
    error_from_reply,
    not_from_iam,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_texts import lengths_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.shared_backoff import SharedBackoff

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import (
        ConnectTimeoutError,
        InsecureRequestWarning,
        MaxRetryError,
        NewConnectionError,
        SSLError,
    )
    from urllib3.util.retry import Retry
except ImportError:  # reported through missing_required_lib by whoever starts the work
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    HTTPAdapter = Retry = object  # type: ignore[assignment, misc]  # stand-ins: the class statements below still have to run

Advice = t.Mapping[type[IamError], str]

SECRET_MEMBERS = frozenset({"apikey", "access_token", "refresh_token", "delegated_refresh_token"})


@dataclass(frozen=True)
class Reply:
    """A success that IAM told: `body` is a JSON object, or None when the status is 204."""

    status: int
    body: t.Any
    etag: str | None
    transaction_id: str | None


@dataclass(frozen=True)
class Endpoint:
    """Where IAM is and how its certificate is checked; `ca_path` is a file of trusted certificates."""

    url: str
    validate_certs: bool = True
    ca_path: str | None = None

    @property
    def host(self) -> str:
        """What may be shown of the address: not a password in front of the host, nor what follows it."""
        address = self.url.partition("//")[2] or self.url
        return re.split("[/?#]", address)[0].rpartition("@")[2]

    @property
    def verify(self) -> bool | str:
        return (self.ca_path or True) if self.validate_certs else False


class BoundedRetry(Retry):
    """urllib3's policy, asking `retry.py` what may be sent again and ending after a budget of seconds."""

    clock: Clock
    backoff: SharedBackoff | None = None
    give_up_at: float | None = None
    budget_seconds: float = retry.RETRY_BUDGET_SECONDS

    @classmethod
    def for_iam(cls, clock: Clock, budget_seconds: float, first_pause_seconds: float) -> BoundedRetry:
        policy = cls(
            total=retry.ATTEMPTS_AFTER_THE_FIRST,
            connect=retry.CONNECT_ATTEMPTS_AFTER_THE_FIRST,
            other=retry.CONNECT_ATTEMPTS_AFTER_THE_FIRST,
            allowed_methods=None,
            redirect=0,
            backoff_factor=first_pause_seconds,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        policy.clock, policy.budget_seconds = clock, budget_seconds
        return policy

    def new(self, **changes: t.Any) -> BoundedRetry:
        copy = super().new(**changes)
        copy.clock, copy.budget_seconds, copy.give_up_at = self.clock, self.budget_seconds, self.give_up_at
        copy.backoff = self.backoff
        return copy

    def get_backoff_time(self) -> float:
        longest = min(super().get_backoff_time(), retry.LONGEST_PAUSE_SECONDS)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads clients apart, hides nothing

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        # Which path it is comes with increment(), which has the last word.
        return bool(self.total) and status_code in retry.BUSY_STATUSES

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: t.Any = None,
        error: Exception | None = None,
        _pool: t.Any = None,
        _stacktrace: t.Any = None,
    ) -> BoundedRetry:
        path = urlsplit(url or "").path
        is_refused = response is not None and not retry.may_repeat(method or "", path, response.status)
        if is_refused or isinstance(error, SSLError):
            raise MaxRetryError(_pool, url or "", error)
        never_sent = isinstance(error, (NewConnectionError, ConnectTimeoutError))
        if error is not None and not never_sent and not retry.is_repeatable(method or "", path):
            raise error
        after = super().increment(method, url, response, error, _pool, _stacktrace)
        now = self.clock.monotonic()
        after.give_up_at = self.give_up_at if self.give_up_at is not None else now + self.budget_seconds
        pause = (after.get_retry_after(response) if response is not None else None) or after.get_backoff_time()
        if now + pause > after.give_up_at:
            raise MaxRetryError(_pool, url or "", error)
        if self.backoff and response is not None and response.status == 429:
            self.backoff.last_for(pause)
        return after

    def sleep(self, response: t.Any = None) -> None:
        wanted = self.get_retry_after(response) if response is not None and self.respect_retry_after_header else None
        self.clock.sleep(wanted if wanted is not None else self.get_backoff_time())


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
        retry_budget_seconds: float = retry.RETRY_BUDGET_SECONDS,
        first_pause_seconds: float = retry.FIRST_PAUSE_SECONDS,
        adapter: t.Any = None,
    ) -> None:
        self.endpoint = endpoint
        self.protect = protect
        self._http = requests.Session()
        # Otherwise it asks the environment each time, and overwrites the Authorization header with what ~/.netrc says.
        self._http.trust_env = False
        policy = BoundedRetry.for_iam(clock or SystemClock(), retry_budget_seconds, first_pause_seconds)
        mounted = adapter or HTTPAdapter(max_retries=policy, pool_maxsize=retry.MOST_CONNECTIONS)
        self._clock = clock or SystemClock()
        self._policy: t.Any = getattr(mounted, "max_retries", policy)
        self._backoff: SharedBackoff | None = None
        self._surroundings: dict[str, t.Any] | None = None
        self._http.mount("https://", mounted)
        self._http.mount("http://", mounted)
        if not endpoint.validate_certs:
            urllib3.disable_warnings(InsecureRequestWarning)

    @contextlib.contextmanager
    def backing_off_together(self) -> t.Iterator[None]:
        """Let all threads wait when IAM tells one of them to come back later.

        Not for a rotation: there a request has to end within its lease, so it must not wait for others.
        """
        self._backoff = self._policy.backoff = SharedBackoff(self._clock)
        try:
            yield
        finally:
            self._backoff = self._policy.backoff = None

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
        Raises an `IamError`, never one of requests.
        """
        if self._backoff:
            self._backoff.wait()
        try:
            response = self._http.request(
                method,
                self.endpoint.url.rstrip("/") + path,
                params=query,
                headers={"Accept": "application/json", **(headers or {})},
                json=json,
                data=form,
                timeout=(retry.CONNECT_TIMEOUT_SECONDS, retry.READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                **self._proxies_and_certificates(),
            )
        except (requests.RequestException, OSError) as error:
            raise _cannot_connect(error, self.endpoint, action) from None
        return self._read(response, path, action, advice, lengths_of(json))

    def _proxies_and_certificates(self) -> dict[str, t.Any]:
        """What requests finds in the environment; asked for once, because it takes a good part of a request's time."""
        if self._surroundings is None:
            ask = requests.Session().merge_environment_settings
            try:
                found = ask(self.endpoint.url, {}, None, self.endpoint.verify, None)
            except ValueError:
                raise requests.exceptions.InvalidURL from None
            self._surroundings = {name: found[name] for name in ("proxies", "verify")}
        return self._surroundings

    def _read(self, response: t.Any, path: str, action: str, advice: Advice | None, sent: str) -> Reply:
        transaction_id = response.headers.get("Transaction-Id")
        answer = Answer.of(response.status_code, response.headers.get("Content-Type") or "", response.content)
        self._protect_all(answer.body)
        if not answer.is_of_iam(path):
            raise not_from_iam(answer.status, action, answer.in_words, self.endpoint.host)
        if answer.status >= 400:
            raise error_from_reply(answer.status, answer.body, action, transaction_id, advice, sent=sent)
        return Reply(answer.status, answer.body, response.headers.get("ETag"), transaction_id)

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


def _cannot_connect(error: Exception, endpoint: Endpoint, action: str) -> Exception:
    """Say in plain words why there was no answer; the exception's own text may quote headers or a proxy's password."""
    if isinstance(
        error,
        (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ),
    ):
        return Invalid("iam_endpoint is not an address of the form https://iam.cloud.ibm.com")
    if isinstance(error, requests.exceptions.SSLError):
        why, sent = "its certificate is not trusted (ca_path names a file of certificates to trust)", False
    elif isinstance(error, requests.exceptions.ProxyError):
        why, sent = "the proxy does not let it through", False
    elif isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        why, sent = "it cannot be reached", False
    elif isinstance(error, requests.exceptions.Timeout):
        why, sent = "it did not answer in time", True
    elif isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        why, sent = (
            "the file named by ca_path cannot be read" if endpoint.ca_path else "a local file or socket failed",
            False,
        )
    else:
        why, sent = "the connection was lost before the answer came", True
    return CannotConnect(f"no answer from {endpoint.host} to {action}: {why}", may_have_happened=sent)


def _never_connected(error: Exception) -> bool:
    """Tell whether no connection came about; a host name that nobody knows is one such case."""
    return isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError)
