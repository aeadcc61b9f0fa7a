# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One authorised connection to one account of IBM Cloud."""

from __future__ import annotations

import copy
import threading
import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.advice import advice_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKeys
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock, SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from, pace_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import Credentials, pick_credentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.endpoint import Endpoint, address_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    IamError,
    Invalid,
    NotPermitted,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceIds
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.tokens import Caller, Token, TokenSource, log_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply, Transport
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.trusted_files import refuse_if_others_may_write

PUBLIC_ENDPOINT = "https://iam.cloud.ibm.com"
ENDPOINT_VARIABLE = "IBMCLOUD_IAM_API_ENDPOINT"
ACCOUNT_VARIABLE = "IBMCLOUD_ACCOUNT_ID"


class IamClient:
    """Logs in when first needed; `api_keys` and `service_ids` hold the calls.

    `transaction_ids` collects IAM's own reference of every change, for a support case or an audit.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        *,
        account_id: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.tokens = TokenSource(transport, credentials, self.clock, account_id=account_id)
        self._transport = transport
        self._wanted_account_id = account_id
        self._once = threading.Lock()
        self.transaction_ids: list[str] = []
        self.api_keys = ApiKeys(self.send, self.clock)
        self.service_ids = ServiceIds(self.send)

    def branch(self) -> IamClient:
        """A client with the same log-in and connection and its own `transaction_ids`; may be used in another thread."""
        twin = copy.copy(self)
        twin.transaction_ids = []
        twin.api_keys = ApiKeys(twin.send, twin.clock, self.api_keys.group_ids)
        twin.service_ids = ServiceIds(twin.send)
        return twin

    def waiting_freely(self) -> t.ContextManager[None]:
        """While this holds, requests give up for no wait that others cause; not for a rotation."""
        return self._transport.waiting_freely()

    def caller(self) -> Caller:
        """Who the credentials are; fails when they belong to another account than the one asked for."""
        caller = self.tokens.token().caller
        if self._wanted_account_id and self._wanted_account_id != caller.account_id:
            raise Invalid(
                f"account_id is {self._wanted_account_id}, but these credentials belong to account {caller.account_id}"
            )
        return caller

    def now(self) -> datetime:
        """IAM's time."""
        return self.tokens.now()

    def login_iam_id(self) -> str | None:
        """Whose key, or token, this client logs in with; None for a compute resource, which has neither.

        It is the caller's, but who works as a trusted profile logs in with a key of another identity.
        """
        self.caller()
        return self.tokens.login_iam_id

    def login_key_id(self) -> str | None:
        """The id of the API key that this client logs in with; None for a token. Costs one request, once."""
        key_value = self.tokens.key_value
        with self._once:
            if self.tokens.login_key_id is None and key_value:
                self.tokens.login_key_id = self._id_of(key_value)
        return self.tokens.login_key_id

    def sees_all_keys(self) -> bool:
        """Whether the caller may list the keys of all, which takes an Administrator; costs one request, once."""
        with self._once:
            if self.tokens.sees_all_keys is None:
                try:
                    next(self.api_keys.search(self.caller().account_id, scope="account"), None)
                    self.tokens.sees_all_keys = True
                except NotPermitted:
                    self.tokens.sees_all_keys = False
        return self.tokens.sees_all_keys

    def _id_of(self, key_value: str) -> str | None:
        """The id of the key that is logged in with; a trusted profile may not see it, its owner may."""
        try:
            found = self.api_keys.find_by_value(key_value)
        except NotPermitted:
            if not self.tokens.is_profile:
                raise
            found = None
        if found is None and self.tokens.is_profile:
            owner = IamClient(self._transport, Credentials(key_value), clock=self.clock)
            found = owner.api_keys.find_by_value(key_value)
        return found.id if found else None

    def log_in_with(self, key_value: str) -> Token:
        """Prove that a key value works; raises BadCredentials and its kinds when it does not."""
        return log_in(self._transport, key_value, self.clock)

    def send(self, method: str, path: str, action: str, **parts: t.Any) -> Reply:
        """Send one request with a bearer token; logs in once more when IAM says that the token is no longer good.

        All of that together takes LONGEST_REQUEST_SECONDS at most.
        """
        with self._transport.one_request():
            bearer = self._bearer()
            parts = {"advice": advice_for(method, path, parts.get("json"), self.caller().iam_id), **parts}
            headers = parts.pop("headers", {})
            try:
                reply = self._transport.send(method, path, action, headers={**headers, **bearer}, **parts)
            except BadCredentials:
                if not self.tokens.forget():
                    raise
                reply = self._transport.send(method, path, action, headers={**headers, **self._bearer()}, **parts)
        if method != "GET" and reply.transaction_id:
            self.transaction_ids.append(reply.transaction_id)
        return reply

    def _bearer(self) -> dict[str, str]:
        try:
            return {"Authorization": f"Bearer {self.tokens.token().bearer}"}
        except IamError as error:
            # The request that it was for was not sent, or it was refused.
            error.may_have_happened = False
            raise


def open_client(
    options: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
    protect: t.Callable[[str], None],
    *,
    clock: Clock | None = None,
    adapter: t.Any = None,
) -> IamClient:
    """Build a client from a task's connection options and the environment; sends nothing yet.

    Raises MissingCredentials, Invalid for an address that is none, and TaskRefused for a concurrency that is none.
    """
    credentials = pick_credentials(options, environ)
    for secret in (credentials.key_value, credentials.token):
        if secret:
            protect(secret)
    endpoint = Endpoint(
        url=address_from(_first((options.get("iam_endpoint"), environ.get(ENDPOINT_VARIABLE))) or PUBLIC_ENDPOINT),
        validate_certs=options.get("validate_certs") is not False,
        ca_path=options.get("ca_path"),
    )
    if endpoint.ca_path:
        refuse_if_others_may_write(endpoint.ca_path, "the file of trusted certificates, ca_path,")
    concurrency = concurrency_from(options.get("concurrency"))
    transport = Transport(endpoint, protect, clock, pace=pace_for(concurrency), adapter=adapter)
    account_id = _first((options.get("account_id"), environ.get(ACCOUNT_VARIABLE))) or None
    return IamClient(transport, credentials, account_id=account_id, clock=clock)


def _first(texts: t.Iterable[str | None]) -> str:
    """The first that is not blank."""
    return next((text for text in texts if text and text.strip()), "")
