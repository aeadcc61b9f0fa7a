# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what the user gave to a bearer token: an API key, a file with one, or a ready token."""

from __future__ import annotations

import base64
import json
import threading
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    IamError,
    MissingCredentials,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Transport

API_KEY_VARIABLES = ("IBMCLOUD_API_KEY", "IC_API_KEY", "IBMCLOUD_APIKEY")
TOKEN_VARIABLE = "IC_IAM_TOKEN"  # noqa: S105  # the name of a variable, not a token
APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"

# IBM's SDKs renew at 80 % of a token's life too (ibm-cloud-sdk-core, token managers).
RENEW_AFTER_SHARE_OF_LIFE = 0.8


@dataclass(frozen=True)
class Credentials:
    """What one logs in with: exactly one of the two."""

    key_value: t.Optional[str] = field(default=None, repr=False)
    token: t.Optional[str] = field(default=None, repr=False)


@dataclass(frozen=True)
class Caller:
    """Who a token speaks for, read from its claims."""

    iam_id: str
    account_id: str
    name: t.Optional[str]
    expires_at: datetime


@dataclass(frozen=True)
class Token:
    """A bearer token; `issued_at` is IAM's clock, `received_at` this machine's monotonic seconds."""

    bearer: str = field(repr=False)
    caller: Caller
    issued_at: datetime
    received_at: float

    @property
    def renew_at(self) -> float:
        life = (self.caller.expires_at - self.issued_at).total_seconds()
        return self.received_at + RENEW_AFTER_SHARE_OF_LIFE * life


def pick_credentials(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Credentials:
    """Choose what to log in with: any option of the task beats every environment variable.

    In both places a token comes before an API key, and that before a file. An empty variable counts as unset,
    because AWX injects empty ones for blank fields. Raises MissingCredentials.
    """
    if options.get("token"):
        return Credentials(token=_bare_token(options["token"]))
    if options.get("api_key"):
        return Credentials(key_value=options["api_key"])
    if options.get("api_key_file"):
        return Credentials(key_value=read_key_file(options["api_key_file"]))
    if environ.get(TOKEN_VARIABLE):
        return Credentials(token=_bare_token(environ[TOKEN_VARIABLE]))
    for variable in API_KEY_VARIABLES:
        given = environ.get(variable)
        if given:
            return Credentials(key_value=read_key_file(given[1:]) if given.startswith("@") else given)
    raise MissingCredentials(
        "no credentials: set the option api_key, api_key_file or token, "
        f"or one of the environment variables {', '.join((*API_KEY_VARIABLES, TOKEN_VARIABLE))}"
    )


def read_key_file(path: str) -> str:
    """Read an API key from a file: the JSON that `ibmcloud iam api-key-create --file` writes, or the bare value."""
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise MissingCredentials(f"the API key file {path} cannot be read: {reason}") from None
    if text.startswith("{"):
        try:
            text = json.loads(text).get("apikey") or ""
        except ValueError:
            text = ""
    if not isinstance(text, str) or not text or any(character.isspace() for character in text):
        raise MissingCredentials(f"the API key file {path} holds neither an API key nor JSON with a member 'apikey'")
    return text


def log_in(transport: Transport, key_value: str, clock: Clock) -> Token:
    """Exchange the value of an API key for a token; raises BadCredentials and its kinds."""
    reply = transport.send(
        "POST",
        "/identity/token",
        "log in with an API key",
        form={"grant_type": APIKEY_GRANT, "apikey": key_value},
    )
    bearer = reply.body.get("access_token") if isinstance(reply.body, dict) else None
    if not isinstance(bearer, str):
        raise IamError("IBM Cloud IAM accepted the API key but sent no token", transaction_id=reply.transaction_id)
    return token_from(bearer, clock)


def token_from(bearer: str, clock: Clock) -> Token:
    """Read the claims of a bearer token; the signature is IAM's business, not ours."""
    try:
        payload = bearer.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        caller = Caller(
            iam_id=claims["iam_id"],
            account_id=claims["account"]["bss"],
            name=claims.get("name"),
            expires_at=datetime.fromtimestamp(claims["exp"], timezone.utc),
        )
        issued_at = datetime.fromtimestamp(claims["iat"], timezone.utc)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        raise BadCredentials("the token is not one of IBM Cloud IAM's (a JWT with iam_id and account)") from None
    return Token(bearer, caller, issued_at, clock.monotonic())


class TokenSource:
    """Logs in when first asked, renews early, and tells IAM's time; may be shared by threads."""

    def __init__(self, transport: Transport, credentials: Credentials, clock: Clock):
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._token: t.Optional[Token] = None
        self._lock = threading.Lock()
        self.login_key_id: t.Optional[str] = None

    @property
    def can_renew(self) -> bool:
        return self._credentials.key_value is not None

    @property
    def key_value(self) -> str | None:
        """The value of the API key that is logged in with, if it is one."""
        return self._credentials.key_value

    def token(self) -> Token:
        # Without the lock, eight threads that find no token log in eight times.
        with self._lock:
            if self._token is None or (self.can_renew and self._clock.monotonic() >= self._token.renew_at):
                self._token = self._fetch()
            return self._token

    def forget(self) -> bool:
        """Drop a token that IAM no longer accepts; False when there is no way to get another."""
        self._token = None
        return self.can_renew

    def now(self) -> datetime:
        """IAM's time: when the token was issued, plus what has passed here since; the wall clock has no say."""
        token = self.token()
        return token.issued_at + timedelta(seconds=self._clock.monotonic() - token.received_at)

    def _fetch(self) -> Token:
        if self._credentials.token:
            return token_from(self._credentials.token, self._clock)
        return log_in(self._transport, self._credentials.key_value or "", self._clock)


def _bare_token(text: str) -> str:
    return text[len("Bearer ") :] if text.startswith("Bearer ") else text
