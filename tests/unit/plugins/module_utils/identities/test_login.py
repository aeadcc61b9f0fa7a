# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client that the items of a task's loop share."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import MissingCredentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities import login


@pytest.fixture
def client_of(monkeypatch):
    for variable in ("IBMCLOUD_API_KEY", "IC_API_KEY", "IBMCLOUD_APIKEY", "IC_IAM_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    return lambda **options: login.client_for({"api_key": "value-of-a-key", **options})


def test_the_items_of_a_loop_share_one_client(client_of):
    first = client_of()
    first.transaction_ids.append("of the item before")

    assert client_of() is first
    assert first.transaction_ids == []


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": "another-key"},
        {"account_id": "a"},
        {"iam_endpoint": "https://iam.example.com"},
        {"validate_certs": False},
        {"ca_path": "ca.pem"},
        {"token": "t"},
    ],
)
def test_other_credentials_have_another_client(client_of, options):
    assert client_of(**options) is not client_of()


def test_another_environment_has_another_client(client_of, monkeypatch):
    first = client_of()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    assert client_of() is not first


def test_no_credentials_are_no_client(client_of):
    with pytest.raises(MissingCredentials):
        client_of(api_key="")
