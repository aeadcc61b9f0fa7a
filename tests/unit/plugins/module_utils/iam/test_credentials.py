# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one logs in with: options, environment, files."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import (
    Credentials,
    Profile,
    pick_credentials,
    read_key_file,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid, MissingCredentials


def by_token(text):
    return Credentials(token=text)


def by_key(text):
    return Credentials(key_value=text)


@pytest.fixture
def in_file(tmp_path, monkeypatch):
    """A folder with a key file in it, and in it the work is done."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.json").write_text(json.dumps({"name": "mine", "apikey": "value-in-file"}))


@pytest.mark.usefixtures("in_file")
@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        # Inside the options: token, API key, file.
        ({"token": "T", "api_key": "K", "api_key_file": "key.json"}, {}, by_token("T")),
        ({"token": "Bearer T"}, {}, by_token("T")),
        ({"api_key": "K", "api_key_file": "key.json"}, {}, by_key("K")),
        ({"api_key_file": "key.json"}, {}, by_key("value-in-file")),
        # Any option beats every variable.
        ({"api_key": "K"}, {"IC_IAM_TOKEN": "ET", "IBMCLOUD_API_KEY": "EK"}, by_key("K")),
        ({"api_key_file": "key.json"}, {"IC_IAM_TOKEN": "ET", "IBMCLOUD_API_KEY": "EK"}, by_key("value-in-file")),
        ({"token": "T"}, {"IBMCLOUD_API_KEY": "EK"}, by_token("T")),
        # Inside the environment.
        ({}, {"IC_IAM_TOKEN": "Bearer ET", "IBMCLOUD_API_KEY": "EK"}, by_token("ET")),
        ({}, {"IBMCLOUD_API_KEY": "1", "IC_API_KEY": "2", "IBMCLOUD_APIKEY": "3"}, by_key("1")),
        ({}, {"IC_API_KEY": "2", "IBMCLOUD_APIKEY": "3"}, by_key("2")),
        ({}, {"IBMCLOUD_APIKEY": "3"}, by_key("3")),
        ({}, {"IBMCLOUD_API_KEY": "@key.json"}, by_key("value-in-file")),
        # A trusted profile goes on top of whatever was chosen; a compute resource has one too.
        ({"token": "T", "profile_id": "P"}, {}, Credentials(token="T", profile=Profile(id="P"))),
        ({"api_key": "K", "profile_crn": "crn:v1"}, {}, Credentials(key_value="K", profile=Profile(crn="crn:v1"))),
        ({"profile_name": "N"}, {"IC_API_KEY": "2"}, Credentials(key_value="2", profile=Profile(name="N"))),
        (
            {"cr_token_file": "f", "profile_id": "P"},
            {"IC_IAM_TOKEN": "ET", "IBMCLOUD_API_KEY": "EK"},
            Credentials(cr_token_file="f", profile=Profile(id="P")),
        ),
        # What is empty is unset, in both places.
        ({"api_key": "K", "profile_id": "", "profile_name": None, "cr_token_file": ""}, {}, by_key("K")),
        ({"api_key": "K", "profile_id": "", "profile_name": "N"}, {}, Credentials("K", profile=Profile(name="N"))),
        ({"token": "", "api_key": None, "api_key_file": ""}, {"IC_API_KEY": "2"}, by_key("2")),
        ({}, {"IC_IAM_TOKEN": "", "IBMCLOUD_API_KEY": "", "IC_API_KEY": "", "IBMCLOUD_APIKEY": "3"}, by_key("3")),
    ],
)
def test_the_first_of_these_is_used(options, environ, expected):
    assert pick_credentials(options, environ) == expected


@pytest.mark.parametrize("environ", [{}, {"IBMCLOUD_API_KEY": "", "IC_IAM_TOKEN": ""}])
def test_no_credentials_at_all_are_reported_with_every_way_to_give_them(environ):
    with pytest.raises(MissingCredentials) as caught:
        pick_credentials({}, environ)

    for way in (
        "api_key",
        "api_key_file",
        "token",
        "cr_token_file",
        "IBMCLOUD_API_KEY",
        "IC_API_KEY",
        "IBMCLOUD_APIKEY",
        "IC_IAM_TOKEN",
    ):
        assert way in str(caught.value)


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"api_key": "K", "profile_id": "P", "profile_name": "N"}, Invalid, "profile_id and profile_name"),
        ({"api_key": "K", "profile_id": "P", "profile_crn": "C"}, Invalid, "profile_id and profile_crn"),
        ({"cr_token_file": "f", "profile_id": "P", "api_key": "K"}, Invalid, "cr_token_file and api_key"),
        ({"cr_token_file": "f", "profile_id": "P", "token": "T"}, Invalid, "cr_token_file and token"),
        ({"cr_token_file": "f"}, MissingCredentials, "set profile_id, profile_crn or profile_name"),
        ({"profile_id": "P"}, MissingCredentials, "no credentials"),
    ],
)
def test_what_contradicts_itself_is_refused(options, kind, says):
    with pytest.raises(kind, match=says):
        pick_credentials(options, {})


@pytest.mark.parametrize(
    "text",
    [
        '{"apikey": "the-value"}',
        '{"name": "mine", "id": "ApiKey-1", "apikey": "the-value"}\n',
        "the-value",
        "the-value\n",
        "  the-value \r\n",
    ],
)
def test_a_key_file_is_json_with_apikey_or_the_bare_value(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)

    assert read_key_file(str(path)) == "the-value"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"apikey": ""}',
        b'{"apikey": 5}',
        b'{"apikey": "s3cret',
        b"s3cret and more",
        b"s3cret\nmore",
        b"\xff\xfe",
    ],
)
def test_another_file_is_refused_without_showing_what_is_in_it(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)

    with pytest.raises(MissingCredentials, match=str(path)) as caught:
        read_key_file(str(path))

    assert "s3cret" not in str(caught.value)


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(MissingCredentials, match="nowhere cannot be read: No such file"):
        pick_credentials({}, {"IBMCLOUD_API_KEY": f"@{tmp_path}/nowhere"})


def test_credentials_do_not_show_in_their_repr():
    assert "s3cret" not in repr(Credentials(key_value="s3cret", token="s3cret"))
