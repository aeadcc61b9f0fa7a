# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slow, plain requests to a real account, whose answers are looked at as they come: status, code, headers.

The client of the collection is not used, because it translates what is asked about here. No answer's text is passed
on: it may quote a key.
"""

from __future__ import annotations

import re
import secrets
import time
import typing as t
from dataclasses import dataclass, field

import requests

LONGEST_WAIT_SECONDS = 30
SECONDS_BETWEEN_REQUESTS = 0.3
SECONDS_AFTER_TOO_MANY = 10
MOST_REPEATS = 5
TOO_MANY = 429
APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
Body = dict[str, t.Any]


class Unanswered(Exception):
    """A question that this account did not answer, and why, without a text of IBM Cloud's."""


@dataclass(frozen=True)
class Reply:
    """What came back; `body` is empty when it was no object of JSON."""

    status: int
    body: Body = field(repr=False)
    etag: str

    @property
    def code(self) -> str:
        """IBM's code for an error, or nothing."""
        errors = self.body.get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        told = str(self.body.get("errorCode") or first.get("message_code") or "")
        return told if re.fullmatch(r"[A-Z]{5}[0-9]{4}[A-Z]", told) else ""

    def want(self, *statuses: int) -> Reply:
        """Itself, or the end of the question."""
        if self.status not in statuses:
            raise Unanswered(f"a request on the way to the answer came back with {self.status} {self.code}".strip())
        return self

    def text(self, member: str) -> str:
        value = self.body.get(member)
        if not isinstance(value, str) or not value:
            raise Unanswered(f"an answer had no {member}")
        return value

    def entity(self) -> Body:
        """The key or service ID in an answer, whose id may go into an address."""
        if not re.fullmatch(r"[\w-]{1,200}", self.text("id")) or not re.fullmatch(r"[\w-]{1,200}", self.text("iam_id")):
            raise Unanswered("an answer had an id that is none")
        return self.body

    def entries(self, member: str) -> list[Body]:
        """The objects in a list of an answer; one that is not there is no empty one."""
        told = self.body.get(member)
        if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
            raise Unanswered(f"an answer had no list of {member}")
        return told


class Iam:
    """One identity of the account; the token is made anew before it ends."""

    def __init__(self, endpoint: str, api_key: str, pace: Pace | None = None) -> None:
        self._endpoint = endpoint.rstrip("/").removesuffix("/identity/token")
        self._api_key = api_key
        self._token = ""
        self._use_until = 0.0
        self._pace = pace or Pace()

    def acting_as(self, api_key: str) -> Iam:
        """The same place and pace for the holder of another key."""
        return Iam(self._endpoint, api_key, self._pace)

    def log_in(self, api_key: str) -> Reply:
        return self._send("POST", "/identity/token", data={"grant_type": APIKEY_GRANT, "apikey": api_key})

    def ask(self, method: str, path: str, body: Body | None = None, **headers: str) -> Reply:
        """The answer to one request with a token; in names of headers `_` stands for `-`."""
        if time.monotonic() >= self._use_until:
            told = self.log_in(self._api_key).want(200)
            self._token = told.text("access_token")
            seconds = told.body.get("expires_in")
            self._use_until = time.monotonic() + (seconds / 2 if isinstance(seconds, int) else 0)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send(method, path, json=body, headers={**named, "Authorization": f"Bearer {self._token}"})

    def _send(self, method: str, path: str, **parts: t.Any) -> Reply:
        for _time in range(MOST_REPEATS):
            self._pace.wait()
            try:
                came = requests.request(
                    method, f"{self._endpoint}{path}", timeout=LONGEST_WAIT_SECONDS, allow_redirects=False, **parts
                )
            except requests.RequestException as error:
                # Its text may hold the address, and an address may hold a password.
                raise Unanswered(f"no answer came: {type(error).__name__}") from None
            if came.status_code != TOO_MANY:
                return Reply(came.status_code, _object_in(came), came.headers.get("ETag", ""))
            time.sleep(SECONDS_AFTER_TOO_MANY)
        raise Unanswered("IBM Cloud said again and again that these are too many requests")


class Pace:
    """At most so many requests a second, whoever sends them."""

    def __init__(self) -> None:
        self._next = 0.0

    def wait(self) -> None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + SECONDS_BETWEEN_REQUESTS


def _object_in(came: requests.Response) -> Body:
    try:
        told = came.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


class Scene:
    """Where questions are asked: service IDs and keys of one run, whose names begin with its prefix."""

    def __init__(self, iam: Iam, account_id: str, prefix: str) -> None:
        self.iam = iam
        self.account_id = account_id
        self._prefix = prefix

    def name(self) -> str:
        return f"{self._prefix}-fact-{secrets.token_hex(3)}"

    def robot(self, **properties: str) -> Body:
        """A new service ID, to which everything that a question needs belongs."""
        body = {"name": self.name(), "account_id": self.account_id, **properties}
        return self.iam.ask("POST", "/v1/serviceids", body).want(201).entity()

    def key(self, robot: Body | None = None, **properties: t.Any) -> Body:
        """A new key of a service ID, with its value; it goes with the service ID."""
        answer = self.try_key(robot or self.robot(), **properties).want(201)
        answer.text("apikey")
        return answer.entity()

    def try_key(self, robot: Body, **properties: t.Any) -> Reply:
        body = {"name": self.name(), "iam_id": robot["iam_id"], "account_id": self.account_id, "store_value": False}
        return self.iam.ask("POST", "/v1/apikeys", {**body, **properties})

    def known_key(self, robot: Body | None = None, **properties: t.Any) -> Body:
        """A new key that reads and log-ins know by now."""
        key = self.key(robot, **properties)
        until(lambda: self.iam.ask("GET", path_of(key)).status == 200, "a new key is read")
        until(lambda: self.iam.log_in(key["apikey"]).status == 200, "a new key logs in")
        return key

    def is_listed(self, key: Body, query: str = "") -> bool:
        return key["id"] in {each.get("id") for each in self.listed(key["iam_id"], query)}

    def listed(self, iam_id: str, query: str = "") -> list[Body]:
        """The keys of a service ID, as a list shows them."""
        path = f"/v1/apikeys?account_id={self.account_id}&iam_id={iam_id}&pagesize=100{query}"
        return self.iam.ask("GET", path).want(200).entries("apikeys")

    def update(self, key: Body, tag: str = "*", **changes: t.Any) -> Reply:
        return self.iam.ask("PUT", path_of(key), changes, If_Match=tag)


def path_of(entity: Body) -> str:
    """The address of a key or service ID."""
    kind = "serviceids" if str(entity["id"]).startswith("ServiceId-") else "apikeys"
    return f"/v1/{kind}/{entity['id']}"


MOST_LOOKS = 90


def until(is_so: t.Callable[[], bool], what: str) -> int:
    """Look again and again, and count how often it was not so."""
    for looks in range(MOST_LOOKS):
        if is_so():
            return looks
    raise Unanswered(f"it was not seen in {MOST_LOOKS} looks that {what}")
