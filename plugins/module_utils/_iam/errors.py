# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong between this collection and IBM Cloud IAM.

IamError
    MissingCredentials      nobody said how to log in
    CannotConnect           no answer; `may_have_happened` tells whether the request may have taken effect
    NotUnderstood           an answer that is not IAM's, a proxy's page for instance, whatever its status
    ServiceFailed           IAM answered 5xx; the request may have taken effect
    OutcomeUnknown          a request may have taken effect, and nobody can tell
    TooBusy                 429 until patience ran out
    Refused                 IAM understood and said no; nothing happened
        BadCredentials      the credentials are not accepted, or no longer
            UnknownKeyValue     ... because there is no such key (BXNIM0415E)
            DisabledKey         ... because the key is disabled (BXNIM0462E)
        NotPermitted        the caller lacks a role
        NotFound            there is no such thing, or the caller may not know that there is
        Conflict            stale version, already so, locked or value taken (409, 412)
        LimitReached        the identity has as many keys as it may have (BXNIM0151E)
        Invalid             bad input
            UnknownOwner        ... because the service ID that a key was to be made for does not exist
        ListBrokenOff       bad input or no such thing, said of a later page of a list
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import (
    TOO_MANY_REQUESTS,
    code_in,
    form_of_refusal,
)


class IamError(CloudkeysError):
    """Anything the IAM client raises."""

    may_have_happened = False


class MissingCredentials(IamError):
    """Nobody said how to log in."""


class CannotConnect(IamError):
    """No answer came back."""

    def __init__(self, message: str, *, may_have_happened: bool) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened


class NotUnderstood(IamError):
    """The answer is not one of IAM's."""

    may_have_happened = True


class ServiceFailed(IamError):
    """IAM answered 5xx."""

    may_have_happened = True


class OutcomeUnknown(IamError):
    """A request may have taken effect, and nobody can tell."""

    may_have_happened = True


class TooBusy(IamError):
    """IAM asked to come back later for longer than this client waits."""


class Refused(IamError):
    """IAM understood the request and did nothing."""


class BadCredentials(Refused):
    """The credentials are not accepted."""


class UnknownKeyValue(BadCredentials):
    """No API key has this value: wrong, deleted, or too new to be known everywhere."""


class DisabledKey(BadCredentials):
    """The API key exists but is disabled."""


class NotPermitted(Refused):
    """The caller lacks a role."""


class NotFound(Refused):
    """There is no such thing, or the caller may not know that there is."""


class Conflict(Refused):
    """The version is stale, the state is already so, the key is locked, or the value is taken."""


class LimitReached(Refused):
    """The identity has as many API keys as it may have."""


class Invalid(Refused):
    """IAM does not accept this input."""


class ListBrokenOff(Refused):
    """A later page of a list is refused, whose first page was given: so it is not for what was asked for."""


class UnknownOwner(Invalid):
    """The service ID that a key was to be made for does not exist, or not any more."""


ADDRESS_REFUSED = "BXNIM0430E"
ADDRESS = re.compile(r"(?<![0-9A-Za-z_.-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z_-]|\.[0-9])")

# Codes are told apart before statuses: one status carries many meanings (iam-facts.md 1.5, iam-facts.md 6.3). What
# refuses a log-in and is not here is BadCredentials.
ERROR_BY_CODE: dict[str, type[IamError]] = {
    "BXNIM0102E": NotFound,
    "BXNIM0139E": BadCredentials,
    "BXNIM0141E": BadCredentials,
    "BXNIM0151E": LimitReached,
    "BXNIM0308E": BadCredentials,
    "BXNIM0400E": BadCredentials,
    "BXNIM0401E": BadCredentials,
    "BXNIM0405E": BadCredentials,
    "BXNIM0407E": BadCredentials,
    "BXNIM0408E": BadCredentials,
    "BXNIM0410E": BadCredentials,
    "BXNIM0415E": UnknownKeyValue,
    "BXNIM0430E": BadCredentials,
    "BXNIM0436E": BadCredentials,
    "BXNIM0421E": BadCredentials,
    "BXNIM0439E": BadCredentials,
    "BXNIM0462E": DisabledKey,
    "BXNIM0513E": NotPermitted,
    "BXNIM0515E": NotPermitted,
}
ERROR_BY_STATUS: dict[int, type[IamError]] = {
    400: Invalid,
    401: BadCredentials,
    403: NotPermitted,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Invalid,
    429: TooBusy,
}
ADVICE_BY_KIND: dict[type[IamError], str] = {
    UnknownKeyValue: "the API key is unknown: it is wrong, was deleted, or was created seconds ago",
    DisabledKey: "the API key is disabled",
    BadCredentials: "the credentials are not accepted",
    NotPermitted: (
        "the caller lacks a role on the service IAM Identity: Operator or Administrator to create and delete keys, "
        "Editor to change them, Administrator to see other users' keys"
    ),
    NotFound: "there is no such thing, or the caller may not know that there is",
    Conflict: "it is locked, is so already, or was changed by somebody else in between",
    LimitReached: (
        "the identity has as many API keys as it may have (20 unless IBM raised it); delete one that is not needed"
    ),
    Invalid: "it does not accept this input",
    TooBusy: "there are too many requests; try again later",
    ServiceFailed: "it failed by itself; try again later",
}
# More than the kind of error says.
ADVICE_BY_CODE: dict[str, str] = {
    "BXNIM0106E": "it does not accept the value of a property",
    "BXNIM0109E": "a property is missing or empty",
    "BXNIM0113E": "a CRN is not valid",
    "BXNIM0139E": "the token was issued to another client",
    "BXNIM0141E": "the user is not a member of the account",
    "BXNIM0308E": "the credentials are not accepted: the request had no valid authorization",
    "BXNIM0400E": (
        "the account demands a second factor (MFA) at log-in, which a task cannot give; use the API key of a service ID"
    ),
    "BXNIM0401E": "the token is malformed",
    "BXNIM0405E": "the token is expired, or cannot be used for this",
    "BXNIM0407E": "the token is not accepted",
    "BXNIM0408E": "the refresh token is expired",
    "BXNIM0410E": (
        "the credentials are not accepted: their user left the account; a key of a service ID does not depend on a user"
    ),
    "BXNIM0421E": "the log-in has expired",
    "BXNIM0430E": (
        "the credentials are not accepted from this address: the account or the key allows log-ins from certain IP "
        "addresses only, and the one that this host or its proxy shows is not among them. An administrator adds it in "
        "the settings of the account; a node of AWX shows the address of its network's way out"
    ),
    "BXNIM0436E": "the credentials are not accepted: their user is suspended in the account",
    "BXNIM0439E": "the session ended because nobody used it",
    "BXNIM0515E": "the caller may not manage client IDs",
    "BXNIM0908E": "its state does not allow this: it is locked, is so already, or was changed in between",
}


def error_class(status: int, code: str | None) -> type[IamError]:
    """What one of IAM's own answers means by itself."""
    if status >= 500:
        return ServiceFailed
    if status == TOO_MANY_REQUESTS:
        return TooBusy
    return ERROR_BY_CODE.get(code or "") or ERROR_BY_STATUS.get(status, NotUnderstood)


def _class_here(meaning: type[IamError], *, is_log_in: bool) -> type[IamError]:
    """The exception for what an answer means, at the token endpoint or elsewhere.

    Whatever refuses a log-in refuses the credentials, for now at least (iam-facts.md 1.5). Elsewhere they were accepted
    already, so the value that is unknown there is the one that was asked for (iam-facts.md 3.9).
    """
    if is_log_in:
        is_refused = issubclass(meaning, (Refused, NotUnderstood)) and not issubclass(meaning, BadCredentials)
        return BadCredentials if is_refused else meaning
    return NotFound if meaning is UnknownKeyValue else meaning


def error_from_reply(
    status: int,
    body: t.Any,
    action: str,
    transaction_id: str | None,
    advice: t.Mapping[type[IamError], str] | None = None,
    *,
    sent: str = "",
) -> IamError:
    """Build the exception for an answer that is not a success.

    `body` is the decoded JSON of either style: the token endpoint answers {errorCode, errorMessage}, /v1 answers
    {errors: [{message_code, message}]}; any other was not given by IAM. IAM's own sentence is not repeated: it may
    quote what was sent. `advice` says what a kind of refusal means for this action, where that is more than it means in
    general; `sent` describes what was sent, for an input that is not accepted.
    """
    form, code = form_of_refusal(body), code_in(body)
    if form is None and status != TOO_MANY_REQUESTS:
        return not_from_iam(status, action)
    meaning = error_class(status, code)
    kind = _class_here(meaning, is_log_in=form == "log-in")
    said = f"IBM Cloud IAM answered {status} to {action}"
    words = (advice or {}).get(meaning) or ADVICE_BY_CODE.get(code or "") or ADVICE_BY_KIND.get(kind)
    words = f"{words}{_address_in(body, code)}" if words else words
    why = (f": {words}" if words else "") + (f"; {sent}" if sent and (status, kind) == (400, Invalid) else "")
    known_as = ", ".join(part for part in (code, f"transaction {transaction_id}" if transaction_id else None) if part)
    return kind(said + why + (f" ({known_as})" if known_as else ""), transaction_id=transaction_id)


def _address_in(body: t.Any, code: str | None) -> str:
    """The caller's address, which IAM may tell in its text when it is the reason; nothing else is taken from there."""
    if code != ADDRESS_REFUSED:
        return ""
    texts = [body.get("errorDetails"), *(each.get("details") for each in body.get("errors") or [])]
    found = {each for each in ADDRESS.findall(f"{texts}") if all(int(part) < 256 for part in each.split("."))}
    return f"; it saw the address {found.pop()}" if len(found) == 1 else ""


def not_from_iam(status: int, action: str, came: str = "", host: str = "iam_endpoint") -> NotUnderstood:
    """The exception for an answer that somebody else gave; `came` describes it without quoting it."""
    return NotUnderstood(
        f"what answered {status} to {action} is not from IBM Cloud IAM{f' ({came})' if came else ''}: "
        f"is {host} right, or is there a proxy in between? It tells nothing about the key or service ID, neither that "
        f"it is gone nor that a right is missing{'; try again later' if status >= 500 else ''}"
    )
