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
    """IBM's sample of a 401 has no message_code."""
    error = {"code": "said", "message": "s3cret"}
    return {"errors": [{**error, "message_code": code} if code else error], "trace": "t-1"}


def token_body(code):
    return {"errorCode": code, "errorMessage": "s3cret"}


def codes_in(body):
    return re.findall("BXNIM[0-9]+E", json.dumps(body))


@pytest.mark.parametrize(
    ("status", "body", "kind", "texts"),
    [
        # The token endpoint.
        (400, token_body("BXNIM0106E"), BadCredentials, ["does not accept the value of a property"]),
        (400, token_body("BXNIM0109E"), BadCredentials, ["a property is missing or empty"]),
        (400, token_body("BXNIM0113E"), BadCredentials, ["a CRN is not valid"]),
        (400, token_body("BXNIM0139E"), BadCredentials, ["issued to another client"]),
        (400, token_body("BXNIM0141E"), BadCredentials, ["not a member of the account"]),
        (401, token_body("BXNIM0308E"), BadCredentials, ["no valid authorization"]),
        (400, token_body("BXNIM0400E"), BadCredentials, ["second factor (MFA)", "use the API key of a service ID"]),
        (400, token_body("BXNIM0401E"), BadCredentials, ["the token is malformed"]),
        (400, token_body("BXNIM0405E"), BadCredentials, ["the token is expired"]),
        (400, token_body("BXNIM0407E"), BadCredentials, ["the token is not accepted"]),
        (400, token_body("BXNIM0408E"), BadCredentials, ["the refresh token is expired"]),
        (400, token_body("BXNIM0410E"), BadCredentials, ["not accepted: their user left the account"]),
        (401, token_body("BXNIM0430E"), BadCredentials, ["not accepted from this address", "certain IP addresses"]),
        (401, token_body("BXNIM0436E"), BadCredentials, ["not accepted: their user is suspended"]),
        (400, token_body("BXNIM9999E"), BadCredentials, ["the credentials are not accepted"]),
        (404, token_body("BXNIM0102E"), BadCredentials, ["the credentials are not accepted"]),
        (409, token_body("BXNIM0908E"), BadCredentials, ["its state does not allow this"]),
        (418, token_body("BXNIM9999E"), BadCredentials, ["the credentials are not accepted"]),
        (401, token_body("BXNIM0415E"), UnknownKeyValue, ["wrong, was deleted"]),
        (429, token_body("BXNIM0415E"), TooBusy, ["too many requests; try again later"]),
        (500, token_body("BXNIM0415E"), ServiceFailed, ["failed by itself; try again later"]),
        (400, token_body("BXNIM0415E"), UnknownKeyValue, ["wrong, was deleted, or was created seconds ago"]),
        (400, token_body("BXNIM0421E"), BadCredentials, ["the log-in has expired"]),
        (400, token_body("BXNIM0439E"), BadCredentials, ["the session ended because nobody used it"]),
        (400, token_body("BXNIM0462E"), DisabledKey, ["the API key is disabled"]),
        (403, token_body("BXNIM0515E"), BadCredentials, ["may not manage client IDs"]),
        (500, token_body("BXNIM0050E"), ServiceFailed, ["failed by itself; try again later"]),
        # Everything else.
        (400, v1_body("BXNIM0106E"), Invalid, ["does not accept the value of a property"]),
        (400, v1_body(None), Invalid, ["does not accept this input"]),
        (400, v1_body("BXNIM0415E"), NotFound, ["no such thing, or the caller may not know"]),
        (404, v1_body("BXNIM0415E"), NotFound, ["no such thing, or the caller may not know"]),
        (401, v1_body("BXNIM0308E"), BadCredentials, ["no valid authorization"]),
        (401, v1_body(None), BadCredentials, ["the credentials are not accepted"]),
        (403, v1_body("BXNIM0513E"), NotPermitted, [ROLES, "Administrator to see other users' keys"]),
        (403, v1_body("BXNIM0515E"), NotPermitted, ["may not manage client IDs"]),
        (403, v1_body(None), NotPermitted, [ROLES]),
        (404, v1_body("BXNIM0102E"), NotFound, ["no such thing, or the caller may not know"]),
        (404, v1_body(None), NotFound, ["no such thing, or the caller may not know"]),
        (409, v1_body("BXNIM0908E"), Conflict, ["its state does not allow this"]),
        (409, v1_body(None), Conflict, ["it is locked, is so already, or was changed"]),
        (412, v1_body(None), Conflict, ["it is locked, is so already, or was changed"]),
        (422, v1_body("BXNIM0151E"), LimitReached, ["20 unless IBM raised it"]),
        (422, v1_body("BXNIM0908E"), Invalid, ["its state does not allow this"]),
        (429, None, TooBusy, ["too many requests; try again later"]),
        (500, v1_body(None), ServiceFailed, ["failed by itself; try again later"]),
        (500, v1_body("BXNIM0102E"), ServiceFailed, ["failed by itself; try again later"]),
        (503, v1_body("BXNIM0050E"), ServiceFailed, ["failed by itself; try again later"]),
        (418, v1_body(None), NotUnderstood, []),
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
    "body",
    [
        *(None, [], "text", 5, {}, {"errors": "x"}, {"errors": [5]}, {"errors": []}, {"errors": [{}]}),
        *({"errors": [{"title": "no"}]}, {"errors": [{"code": 404}]}, {"errors": [{"message": "m"}, 5]}),
        *({"errorCode": ["s3cret"]}, {"errorCode": "BXNIM0415E"}, {"errorMessage": "gone"}, {"error": "not_found"}),
        {"errorCode": "404", "errorMessage": "s3cret"},
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 500])
def test_an_odd_error_body_is_nobodys_word(body, status):
    error = error_from_reply(status, body, "look", None)

    assert error.__class__ is NotUnderstood
    assert f"what answered {status} to look is not from IBM Cloud IAM" in str(error)
    assert "neither that it is gone nor that a right is missing" in str(error)
    assert error.may_have_happened


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


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 502])
@pytest.mark.parametrize(
    ("page", "told"),
    [
        ({}, "(text/html)"),
        ({"body": ""}, "(empty)"),
        ({"body": '{"error": "s3cret"}', "content_type": "application/json; charset=utf-8"}, "(application/json, not"),
        ({"body": "s3cret", "content_type": "s3cret of a proxy"}, "(no content type)"),
        ({"body": "[" * 200_000}, "(text/html)"),
    ],
)
def test_a_proxys_page_tells_what_came_and_nothing_of_its_content(scene, status, page, told):
    scene.faults({"kind": "proxy_page", "status": status, "times": 9, **page})
    with pytest.raises(NotUnderstood) as caught:
        scene.connect().caller()

    words = f"what answered {status} to log in with an API key is not from IBM Cloud IAM {told}"
    assert str(caught.value).startswith(words)
    assert "<html>" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_refusal_in_the_form_of_the_other_endpoint_is_not_iams(scene):
    client = scene.connect()
    token_style = '{"errorCode": "BXNIM0415E", "errorMessage": "x"}'
    v1_style = '{"errors": [{"message_code": "BXNIM0415E"}]}'
    scene.faults({"kind": "proxy_page", "status": 400, "path": "identity", "body": v1_style})
    with pytest.raises(NotUnderstood):
        client.caller()
    scene.faults({"kind": "proxy_page", "status": 404, "path": "v1", "body": token_style})
    with pytest.raises(NotUnderstood):
        client.api_keys.get("ApiKey-1")


def test_who_sends_too_many_requests_is_told_so_by_whoever_counts_them(scene):
    scene.faults({"kind": "proxy_page", "status": 429, "times": 9})
    with pytest.raises(TooBusy, match="too many requests"):
        scene.connect().caller()


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
        open_with(NoWire(error), iam_endpoint="https://iam.example.com").caller()

    assert str(caught.value).startswith("no answer from iam.example.com to log in with an API key: ")
    assert why in str(caught.value)
    assert caught.value.may_have_happened is may_have_happened
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None, "the cause would be printed with its text"


@pytest.mark.parametrize("code", ["s3cret", "S3CRET", "BXNIM0415EQ", "X" * 30 + "1"])
def test_a_code_that_has_not_the_form_of_one_is_not_shown(code):
    assert code not in str(error_from_reply(404, {"errorCode": code}, "look", None))


def test_a_host_that_is_not_there_is_said_to_be_unreachable(open_with, closed_port):
    with pytest.raises(CannotConnect, match=rf"no answer from 127.0.0.1:{closed_port} .*: it cannot be reached"):
        open_with(None, iam_endpoint=f"http://127.0.0.1:{closed_port}").caller()
