# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user reads when something goes wrong: what, why, IAM's references once, and nothing secret."""

from __future__ import annotations

import json
import re

import pytest
import requests
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    CannotConnect,
    Conflict,
    DisabledKey,
    IamError,
    Invalid,
    LimitReached,
    NotFound,
    NotPermitted,
    NotUnderstood,
    ServiceFailed,
    TooBusy,
    UnknownKeyValue,
    error_from_reply,
)
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError

ROLES = "Operator or Administrator to create and delete keys, Editor to change them"


def v1_body(code):
    return {"errors": [{"message_code": code, "message": "s3cret"}], "trace": "t-1"}


def token_body(code):
    return {"errorCode": code, "errorMessage": "s3cret"}


def codes_in(body):
    return re.findall("BXNIM[0-9]+E", json.dumps(body))


@pytest.mark.parametrize(
    ("status", "body", "kind", "texts"),
    [
        # The token endpoint.
        (400, token_body("BXNIM0106E"), Invalid, ["does not accept the value of a property"]),
        (400, token_body("BXNIM0109E"), Invalid, ["a property is missing or empty"]),
        (400, token_body("BXNIM0113E"), Invalid, ["a CRN is not valid"]),
        (400, token_body("BXNIM0139E"), BadCredentials, ["issued to another client"]),
        (400, token_body("BXNIM0141E"), BadCredentials, ["not a member of the account"]),
        (401, token_body("BXNIM0308E"), BadCredentials, ["no valid authorization"]),
        (400, token_body("BXNIM0400E"), BadCredentials, ["second factor (MFA)", "use the API key of a service ID"]),
        (400, token_body("BXNIM0401E"), BadCredentials, ["the token is malformed"]),
        (400, token_body("BXNIM0405E"), BadCredentials, ["the token is expired"]),
        (400, token_body("BXNIM0407E"), BadCredentials, ["the token is not accepted"]),
        (400, token_body("BXNIM0408E"), BadCredentials, ["the refresh token is expired"]),
        (400, token_body("BXNIM0415E"), UnknownKeyValue, ["wrong, was deleted, or was created seconds ago"]),
        (400, token_body("BXNIM0421E"), BadCredentials, ["the log-in has expired"]),
        (400, token_body("BXNIM0439E"), BadCredentials, ["the session ended because nobody used it"]),
        (400, token_body("BXNIM0462E"), DisabledKey, ["the API key is disabled"]),
        (403, token_body("BXNIM0515E"), NotPermitted, ["may not manage client IDs"]),
        (500, token_body("BXNIM0050E"), ServiceFailed, ["failed by itself; try again later"]),
        # Everything else.
        (400, v1_body("BXNIM0106E"), Invalid, ["does not accept the value of a property"]),
        (400, None, Invalid, ["does not accept this input"]),
        (401, v1_body("BXNIM0308E"), BadCredentials, ["no valid authorization"]),
        (401, None, BadCredentials, ["the credentials are not accepted"]),
        (403, v1_body("BXNIM0513E"), NotPermitted, [ROLES, "Administrator to see other users' keys"]),
        (403, None, NotPermitted, [ROLES]),
        (404, v1_body("BXNIM0102E"), NotFound, ["no such thing, or the caller may not know"]),
        (404, None, NotFound, ["no such thing, or the caller may not know"]),
        (409, v1_body("BXNIM0908E"), Conflict, ["its state does not allow this"]),
        (409, None, Conflict, ["it is locked, is so already, or was changed"]),
        (412, None, Conflict, ["it is locked, is so already, or was changed"]),
        (422, v1_body("BXNIM0151E"), LimitReached, ["20 unless IBM raised it"]),
        (422, v1_body("BXNIM0908E"), Invalid, ["its state does not allow this"]),
        (429, None, TooBusy, ["too many requests; try again later"]),
        (500, None, ServiceFailed, ["failed by itself; try again later"]),
        (503, v1_body("BXNIM0050E"), ServiceFailed, ["failed by itself; try again later"]),
        (418, None, NotUnderstood, []),
    ],
)
def test_an_answer_becomes_an_error_that_names_action_reason_and_references(status, body, kind, texts):
    error = error_from_reply(status, body, "wave a hand", "t-1")

    assert error.__class__ is kind
    for text in (f"IBM Cloud IAM answered {status} to wave a hand", *texts):
        assert text in str(error)
    assert str(error).endswith(f"({', '.join([*codes_in(body), 'transaction t-1'])})")
    assert str(error).count("t-1") == 1
    assert "s3cret" not in str(error)
    assert error.transaction_id == "t-1"


@pytest.mark.parametrize(
    "body", [[], "text", {"errors": "x"}, {"errors": [5]}, {"errors": []}, {"errorCode": ["s3cret"]}]
)
def test_an_odd_error_body_is_survived(body):
    text = "IBM Cloud IAM answered 404 to look: there is no such thing, or the caller may not know that there is"
    assert str(error_from_reply(404, body, "look", None)) == text


def test_a_code_that_is_none_is_not_shown():
    assert "s3cret" not in str(error_from_reply(404, {"errorCode": "my s3cret"}, "look", None))


def test_a_rejected_key_is_not_quoted(scene):
    with pytest.raises(UnknownKeyValue) as caught:
        scene.connect(api_key="s3cret-wrong-value").caller()

    assert str(caught.value).startswith("IBM Cloud IAM answered 400 to log in with an API key: the API key is unknown")
    assert str(caught.value).count(str(caught.value.transaction_id)) == 1
    assert "s3cret" not in str(caught.value)


def test_a_proxys_page_is_told_from_an_answer(scene):
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "proxy_page", "status": 200})
    with pytest.raises(NotUnderstood, match=r"is iam\.cloud\.ibm\.com right, or is there a proxy in between"):
        client.api_keys.get("ApiKey-1")


@pytest.mark.parametrize("fault", [{"kind": "proxy_page", "times": 9}, {"kind": "proxy_page", "status": 403}])
def test_a_proxys_error_page_gives_an_error_of_its_status(scene, fault):
    scene.faults(fault)
    with pytest.raises(IamError, match=r"answered (502|403) to log in") as caught:
        scene.connect().caller()

    assert "html" not in str(caught.value)


class NoWire(requests.adapters.BaseAdapter):
    """Fails in the way that requests would."""

    def __init__(self, error) -> None:
        super().__init__()
        self.error = error

    def send(self, _request, **_options):
        raise self.error

    def close(self):
        """Nothing is open."""


def exhausted(reason):
    return MaxRetryError(None, "/identity/token?apikey=s3cret", reason)  # type: ignore[arg-type] # no pool is at hand


@pytest.mark.parametrize(
    ("error", "why", "may_have_happened"),
    [
        (requests.ConnectionError(exhausted(NewConnectionError(None, "refused"))), "cannot be reached", False),
        (requests.ConnectionError(exhausted(NameResolutionError("h", None, OSError("x")))), "cannot be reached", False),
        (requests.ConnectTimeout(exhausted(ConnectTimeoutError())), "cannot be reached", False),
        (requests.ReadTimeout("s3cret"), "did not answer in time", True),
        (requests.ConnectionError("s3cret"), "connection was lost before the answer came", True),
        (requests.exceptions.ChunkedEncodingError("s3cret"), "connection was lost before the answer came", True),
        (requests.exceptions.ProxyError("http://me:s3cret@proxy"), "the proxy does not let it through", False),
        (requests.exceptions.SSLError("s3cret"), "its certificate is not trusted", False),
    ],
)
def test_no_answer_is_explained_in_plain_words(open_with, error, why, may_have_happened):
    with pytest.raises(CannotConnect) as caught:
        open_with(NoWire(error), iam_endpoint="https://me:s3cret@iam.example.com").caller()

    assert str(caught.value).startswith("no answer from iam.example.com to log in with an API key: ")
    assert why in str(caught.value)
    assert caught.value.may_have_happened is may_have_happened
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None, "the cause would be printed with its text"


@pytest.mark.parametrize(
    "address",
    [
        "iam.cloud.ibm.com",
        "http://iam.cloud.ibm.com",
        "ftp://x",
        "http://127.0.0.1.evil.example",
        "http://me:s3cret@localhost",
    ],
)
def test_secrets_travel_over_https_or_within_this_machine_only(open_with, address):
    with pytest.raises(Invalid, match="has to start with https://") as caught:
        open_with(None, iam_endpoint=address)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://h/?a=s3cret", "http://me:s3cret@h#s3cret", "me:s3cret@h/s3cret"])
def test_only_the_host_of_an_address_is_shown(open_with, address):
    with pytest.raises(Invalid, match=r"to it\): h$"):
        open_with(None, iam_endpoint=address)


@pytest.mark.parametrize("code", ["s3cret", "S3CRET", "BXNIM0415EQ", "X" * 30 + "1"])
def test_a_code_that_has_not_the_form_of_one_is_not_shown(code):
    assert code not in str(error_from_reply(404, {"errorCode": code}, "look", None))


@pytest.mark.parametrize("address", ["https://", "https:// x", "https://[::1"])
def test_an_address_that_is_none_is_called_so(open_with, address):
    with pytest.raises(Invalid, match="iam_endpoint is not an address"):
        open_with(None, iam_endpoint=address).caller()


def test_a_host_that_is_not_there_is_said_to_be_unreachable(open_with, closed_port):
    with pytest.raises(CannotConnect, match=rf"no answer from 127.0.0.1:{closed_port} .*: it cannot be reached"):
        open_with(None, iam_endpoint=f"http://127.0.0.1:{closed_port}").caller()
