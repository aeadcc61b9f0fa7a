# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From credentials to a bearer token that is renewed in time."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import (
    Credentials,
    Profile,
    read_cr_token,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    CannotConnect,
    IamError,
    Invalid,
    NotFound,
    NotPermitted,
    NotUnderstood,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import kind_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Transport

APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
ASSUME_GRANT = "urn:ibm:params:oauth:grant-type:assume"
CR_TOKEN_GRANT = "urn:ibm:params:oauth:grant-type:cr-token"  # noqa: S105  # the name of a grant, not a token

# IBM's SDKs renew at 80 % of a token's life too (ibm-cloud-sdk-core, token managers).
RENEW_AFTER_SHARE_OF_LIFE = 0.8

# IAM's codes for this are not documented, so every refusal gets the same advice.
NO_SUCH_PROFILE = (
    "there is no such trusted profile in this account, or it does not list who is logging in among those that may "
    "assume it"
)
PROFILE_ADVICE: dict[type[IamError], str] = dict.fromkeys((Invalid, NotFound, NotPermitted), NO_SUCH_PROFILE)
BEARER = forms.matching("[!-~]{1,50000}")
CLAIMS: dict[str, forms.Form] = {"iam_id": forms.IAM_ID, "iat": forms.seconds, "exp": forms.seconds}


@dataclass(frozen=True)
class Caller:
    """Who a token speaks for, read from its claims (iam-facts.md 1.2)."""

    iam_id: str
    account_id: str
    name: str | None
    expires_at: datetime
    email: str | None = None

    @property
    def type(self) -> str:
        """`user`, `serviceid` or `profile`, as IBM's reports call them."""
        return kind_of(self.iam_id)


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


def log_in(transport: Transport, key_value: str, clock: Clock) -> Token:
    """Exchange the value of an API key for a token; raises BadCredentials and its kinds."""
    return _fetch(transport, clock, "log in with an API key", {"grant_type": APIKEY_GRANT, "apikey": key_value})


def assume_profile(transport: Transport, profile: Profile, base: Token, account_id: str | None, clock: Clock) -> Token:
    """Exchange a token for one of a trusted profile; a profile given by name is one of `account_id`."""
    form = {"grant_type": ASSUME_GRANT, "access_token": base.bearer, **_form_of(profile)}
    if profile.name:
        form["account"] = account_id or base.caller.account_id
    return _fetch(transport, clock, f"log in as {_words_for(profile)}", form)


def log_in_compute_resource(transport: Transport, profile: Profile, cr_token: str, clock: Clock) -> Token:
    """Exchange the token of a compute resource for one of a trusted profile."""
    transport.protect(cr_token)
    form = {"grant_type": CR_TOKEN_GRANT, "cr_token": cr_token, **_form_of(profile)}
    return _fetch(transport, clock, f"log in this compute resource as {_words_for(profile)}", form)


def _form_of(profile: Profile) -> dict[str, str]:
    named = {"profile_id": profile.id, "profile_crn": profile.crn, "profile_name": profile.name}
    return {name: value for name, value in named.items() if value}


def _words_for(profile: Profile) -> str:
    return f"trusted profile {profile.id or profile.crn or profile.name}"


def _fetch(transport: Transport, clock: Clock, action: str, form: dict[str, str]) -> Token:
    is_profile = form["grant_type"] != APIKEY_GRANT
    reply = transport.send("POST", "/identity/token", action, form=form, advice=PROFILE_ADVICE if is_profile else None)
    bearer = reply.body.get("access_token") if isinstance(reply.body, dict) else None
    try:
        return token_from(bearer if isinstance(bearer, str) else "", clock)
    except BadCredentials:
        raise NotUnderstood(
            f"IBM Cloud IAM let this caller {action} but sent no token that can be read",
            transaction_id=reply.transaction_id,
        ) from None


def token_from(bearer: str, clock: Clock) -> Token:
    """Read the claims of a bearer token; the signature is IAM's business, not ours."""
    try:
        payload = BEARER(bearer).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        told = forms.understood(claims, CLAIMS, {"name": forms.text, "email": forms.text}, "a token", "log in")
        account_id = forms.ACCOUNT_ID(claims["account"]["bss"])
        expires_at, issued_at = (datetime.fromtimestamp(told[m], timezone.utc) for m in ("exp", "iat"))
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError, NotUnderstood):
        raise BadCredentials("the token is not one of IBM Cloud IAM's (a JWT with iam_id and account)") from None
    caller = Caller(told["iam_id"], account_id, told.get("name"), expires_at, told.get("email"))
    return Token(bearer, caller, issued_at, clock.monotonic())


class TokenSource:
    """Logs in when first asked, renews early, and tells IAM's time; may be shared by threads."""

    def __init__(
        self, transport: Transport, credentials: Credentials, clock: Clock, *, account_id: str | None = None
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._account_id = account_id
        self._token: Token | None = None
        self._lock = threading.Lock()
        # Whose key or token was logged in with, before a trusted profile was taken on; None for a compute resource.
        self.login_iam_id: str | None = None
        self.login_key_id: str | None = None
        self.sees_all_keys: bool | None = None

    @property
    def can_renew(self) -> bool:
        return self._credentials.token is None

    @property
    def is_profile(self) -> bool:
        """Whether the client works as a trusted profile."""
        return self._credentials.profile is not None

    @property
    def key_value(self) -> str | None:
        """The value of the API key that is logged in with, if it is one."""
        return self._credentials.key_value

    def token(self) -> Token:
        with self._transport.one_request() as deadline:
            # Without the lock, eight threads that find no token log in eight times.
            if not self._lock.acquire(timeout=deadline.left):
                raise CannotConnect("another log-in of this task takes too long", may_have_happened=False)
            try:
                if self._token is None or (self.can_renew and self._clock.monotonic() >= self._token.renew_at):
                    self._token = self._fetch()
                return self._token
            finally:
                self._lock.release()

    def forget(self) -> bool:
        """Drop a token that IAM no longer accepts; False when there is no way to get another."""
        self._token = None
        return self.can_renew

    def now(self) -> datetime:
        """IAM's time: when the token was issued, plus what has passed here since; the wall clock has no say."""
        token = self.token()
        return token.issued_at + timedelta(seconds=self._clock.monotonic() - token.received_at)

    def _fetch(self) -> Token:
        credentials = self._credentials
        if credentials.cr_token_file and credentials.profile:
            cr_token = read_cr_token(credentials.cr_token_file)
            return log_in_compute_resource(self._transport, credentials.profile, cr_token, self._clock)
        if credentials.token:
            base = token_from(credentials.token, self._clock)
        else:
            base = log_in(self._transport, credentials.key_value or "", self._clock)
        self.login_iam_id = base.caller.iam_id
        if credentials.profile is None:
            return base
        return assume_profile(self._transport, credentials.profile, base, self._account_id, self._clock)
