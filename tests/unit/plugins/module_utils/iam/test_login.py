# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log-ins: how many, when, and that nothing else is ever sent instead of them."""

from __future__ import annotations

import base64
import io

import pytest
import requests
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    CannotConnect,
    Invalid,
    NotUnderstood,
)
from urllib3 import HTTPResponse

LOG_IN = "POST /identity/token"
LIST = "GET /v1/apikeys"


def list_own(client):
    caller = client.caller()
    return client.api_keys.list(caller.iam_id, caller.account_id)


def test_one_log_in_serves_many_requests(scene):
    client = scene.connect()
    for _time in range(3):
        list_own(client)

    assert scene.sent() == [LOG_IN, LIST, LIST, LIST]


@pytest.mark.parametrize(("minutes", "log_ins"), [(47, 1), (49, 2), (61, 2)])
def test_a_token_is_renewed_before_its_last_fifth(scene, minutes, log_ins):
    client = scene.connect()
    list_own(client)
    scene.clock.sleep(60 * minutes)
    list_own(client)

    assert scene.sent().count(LOG_IN) == log_ins
    assert {each["status"] for each in scene.emulator.requests} == {200}


def test_a_refused_token_leads_to_one_new_log_in(scene):
    client = scene.connect()
    list_own(client)
    scene.faults({"kind": "invalid_token_once", "method": "GET"})
    list_own(client)

    assert scene.sent() == [LOG_IN, LIST, LIST, LOG_IN, LIST]


def test_a_token_refused_twice_is_an_error(scene):
    client = scene.connect()
    scene.faults({"kind": "status", "status": 401, "path": "apikeys", "times": 2})

    with pytest.raises(BadCredentials, match="the token is not accepted"):
        list_own(client)
    assert scene.sent() == [LOG_IN, LIST, LOG_IN, LIST]


def test_a_create_after_a_refused_token_makes_one_key(scene):
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "invalid_token_once", "method": "POST", "path": "apikeys"})
    reply = client.send(
        "POST", "/v1/apikeys", "create", json={"name": "one", "iam_id": scene.iam_id, "account_id": scene.account_id}
    )

    assert reply.status == 201
    assert len(scene.keys("one")) == 1


def test_a_ready_token_is_used_without_a_log_in_and_cannot_be_renewed(scene):
    token = scene.user.log_in().json()["access_token"]
    client = scene.connect(token=f"Bearer {token}")
    assert [key.name for key in list_own(client)] == ["first key"]

    scene.faults({"kind": "invalid_token_once", "path": "apikeys"})
    with pytest.raises(BadCredentials):
        list_own(client)
    assert scene.sent() == [LIST, LIST]


@pytest.mark.parametrize("token", ["s3cret", "s3cret.e30.x", "a.b.c", "a." + base64.b64encode(b"5").decode() + ".c"])
def test_a_token_that_is_none_of_iams_is_refused_before_anything_is_sent(scene, token):
    with pytest.raises(BadCredentials, match="not one of IBM Cloud IAM's") as caught:
        scene.connect(token=token).caller()

    assert scene.sent() == []
    assert "s3cret" not in str(caught.value)


def test_iams_time_is_the_tokens_and_runs_on_with_the_monotonic_clock(scene):
    client = scene.connect()
    started = client.now()
    scene.clock.sleep(90)

    assert (client.now() - started).total_seconds() == 90


@pytest.mark.parametrize("environ", [{}, {"IBMCLOUD_ACCOUNT_ID": "f" * 32}])
def test_credentials_of_another_account_are_refused_before_anything_is_done(scene, environ):
    options = {} if environ else {"account_id": "f" * 32}
    client = scene.connect({**environ, "IBMCLOUD_API_KEY": scene.api_key}, **options)

    with pytest.raises(Invalid, match=f"account_id is f+, but these credentials belong to account {scene.account_id}"):
        list_own(client)
    assert scene.sent() == [LOG_IN]


def test_every_secret_of_an_answer_is_protected(scene):
    protected = set()
    options = {"api_key": scene.api_key}
    client = open_client(options, {}, protected.add, clock=scene.clock, adapter=scene.adapter())
    stored = scene.user.create_service_id(name="robot", apikey={"name": "one", "store_value": True})["apikey"]
    client.api_keys.get(stored["id"])

    assert protected >= {scene.api_key, client.tokens.token().bearer, stored["apikey"]}


def test_netrc_does_not_replace_the_bearer_token(scene, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert requests.utils.get_netrc_auth("https://iam.cloud.ibm.com"), "the file does not say what this test needs"

    assert [key.name for key in list_own(scene.connect())] == ["first key"]


class Listening(requests.adapters.BaseAdapter):
    """Remembers how each request was to be sent, and answers none."""

    def __init__(self) -> None:
        super().__init__()
        self.options = []

    def send(self, request, **options):
        self.options.append(options)
        raise requests.exceptions.ConnectionError

    def close(self):
        """Nothing is open."""


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"HTTPS_PROXY": "http://proxy.example.com:3128"}, "http://proxy.example.com:3128"),
        ({"HTTPS_PROXY": "http://proxy.example.com:3128", "NO_PROXY": "cloud.ibm.com"}, None),
        ({}, None),
    ],
    ids=["a proxy", "not for this host", "none"],
)
def test_the_environments_proxy_is_taken(scene, monkeypatch, environ, proxy):
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    adapter = Listening()
    client = open_client({"api_key": scene.api_key}, {}, lambda secret: None, clock=scene.clock, adapter=adapter)

    for _try in range(2):
        with pytest.raises(CannotConnect):
            client.caller()
        # A task is told its proxies before it begins.
        monkeypatch.setenv("HTTPS_PROXY", "http://another.example.com:3128")

    assert {options["proxies"].get("https") for options in adapter.options} == {proxy}


class Redirect(requests.adapters.BaseAdapter):
    """Sends everybody elsewhere."""

    def __init__(self, status) -> None:
        super().__init__()
        self.status = status
        self.urls = []

    def send(self, request, **_options):
        self.urls.append(request.url)
        response = requests.Response()
        response.status_code, response.url, response.request = self.status, request.url, request
        response.headers["Location"] = "https://elsewhere.example.com/"
        response.raw = HTTPResponse(io.BytesIO(b"{}"), preload_content=False)
        return response

    def close(self):
        """Nothing is open."""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(scene, open_with, status):
    adapter = Redirect(status)

    with pytest.raises(NotUnderstood, match="is not from IBM Cloud IAM"):
        open_with(adapter).caller()
    assert adapter.urls == ["https://iam.cloud.ibm.com/identity/token"]
