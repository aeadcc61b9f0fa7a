# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Working as a trusted profile: with a key, a token, or from a compute resource."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    MissingCredentials,
    NotPermitted,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub
from iam_emulator.scenery import link_compute_resource

LOG_IN = "POST /identity/token"
READ_BY_VALUE = "GET /v1/apikeys/details"


@pytest.fixture
def profile(scene):
    """A trusted profile that the account's user may take on, with the role that manages keys of service IDs."""
    made = scene.user.create_profile(name="rotator", assumed_by=scene.iam_id)
    scene.user.grant(made["iam_id"], "Operator")
    return made


@pytest.fixture
def cr_token_file(scene, profile, tmp_path):
    path = tmp_path / "vault-token"
    path.write_text(link_compute_resource(scene.emulator.world, profile["id"]) + "\n")
    return path


@pytest.mark.parametrize("by", ["id", "crn", "name"])
def test_a_key_works_as_the_profile(scene, profile, by):
    client = scene.connect(**{f"profile_{by}": profile[by]}, api_key=scene.api_key)

    assert client.caller().iam_id == profile["iam_id"]
    assert scene.sent() == [LOG_IN, LOG_IN]


def test_a_profile_creates_keys_of_service_ids(scene, profile):
    robot = scene.user.create_service_id()
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)

    assert client.api_keys.list(robot["iam_id"], scene.account_id) == []


def test_both_log_ins_are_repeated_before_the_token_ends(scene, profile):
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)
    client.caller()
    scene.clock.sleep(49 * 60)
    client.caller()

    assert scene.sent() == [LOG_IN] * 4


def test_a_token_works_as_the_profile_and_is_not_renewed(scene, profile):
    token = scene.user.log_in().json()["access_token"]
    client = scene.connect(token=token, profile_id=profile["id"])
    assert client.caller().iam_id == profile["iam_id"]
    scene.clock.sleep(49 * 60)
    client.caller()

    assert scene.sent() == [LOG_IN]


@pytest.mark.parametrize("by", ["id", "crn", "name"])
def test_a_compute_resource_works_as_the_profile(scene, profile, cr_token_file, by):
    client = scene.connect(cr_token_file=str(cr_token_file), **{f"profile_{by}": profile[by]})

    assert client.caller().iam_id == profile["iam_id"]
    assert scene.sent() == [LOG_IN]
    assert client.login_key_id() is None


def test_the_file_of_a_compute_resource_is_read_before_each_log_in(scene, profile, cr_token_file):
    client = scene.connect(cr_token_file=str(cr_token_file), profile_id=profile["id"])
    client.caller()
    cr_token_file.write_text("no token any more")
    scene.clock.sleep(49 * 60)

    with pytest.raises(BadCredentials, match="BXNIM0401E"):
        client.caller()


def test_the_token_of_a_compute_resource_is_a_secret(scene, profile, cr_token_file):
    scene.connect(cr_token_file=str(cr_token_file), profile_id=profile["id"]).caller()

    assert cr_token_file.read_text().strip() not in scrub(f"told: {cr_token_file.read_text()}")


@pytest.mark.parametrize("content", [None, "", "\n", b"\xff"])
def test_a_file_without_a_token_is_named(scene, profile, tmp_path, content):
    path = tmp_path / "vault-token"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(MissingCredentials, match=f"the file {path} with the token of this compute resource"):
        scene.connect(cr_token_file=str(path), profile_id=profile["id"]).caller()
    assert scene.sent() == []


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize(
    "named", [{"profile_id": "Profile-unknown"}, {"profile_name": "unknown"}, {"profile_name": "not ours"}]
)
def test_a_profile_that_cannot_be_taken_on_is_explained(scene, named, status):
    scene.user.create_profile(name="not ours")
    scene.emulator.change_settings(assume_refused_status=status)

    with pytest.raises(BadCredentials, match="does not list who is logging in") as caught:
        scene.connect(**named, api_key=scene.api_key).caller()
    assert f"log in as trusted profile {next(iter(named.values()))}" in str(caught.value)
    assert caught.value.transaction_id


def test_a_failed_log_in_is_never_taken_for_a_thing_that_is_gone(scene):
    robot = scene.user.create_service_id(apikey={"name": "first"})

    with pytest.raises(BadCredentials):
        scene.connect(profile_id="Profile-unknown", api_key=scene.api_key).api_keys.delete(robot["apikey"]["id"])
    client = scene.connect()
    scene.faults({"kind": "status", "status": 404, "path": "identity"})
    with pytest.raises(BadCredentials):
        client.service_ids.delete(robot["id"])


def test_a_profile_by_name_is_looked_for_in_the_given_account(scene, profile):
    with pytest.raises(BadCredentials, match="there is no such trusted profile"):
        scene.connect(profile_name="rotator", account_id="f" * 32, api_key=scene.api_key).caller()


def test_the_id_of_the_key_that_logs_in_is_known_although_the_profile_may_not_see_it(scene, profile):
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)

    assert client.login_key_id() == scene.emulator.seed.api_key_id
    assert scene.sent() == [LOG_IN, LOG_IN, READ_BY_VALUE, LOG_IN, READ_BY_VALUE]


def test_without_a_profile_a_key_that_may_not_see_itself_is_an_error(scene):
    robot = scene.user.create_service_id(apikey={"name": "first"})

    with pytest.raises(NotPermitted):
        scene.connect(api_key=robot["apikey"]["apikey"]).login_key_id()


@pytest.mark.parametrize("endpoint", ["https://private.iam.cloud.ibm.com", "https://private.eu-de.iam.cloud.ibm.com/"])
def test_a_private_endpoint_is_where_everything_goes(scene, endpoint):
    seen = []

    class Recorder(type(scene.adapter())):
        def send(self, request, *args, **options):
            seen.append(request.url)
            return super().send(request, *args, **options)

    for _time in range(3):
        scene.user.create_key()
    adapter = Recorder(scene.emulator)
    options = {"api_key": scene.api_key, "iam_endpoint": endpoint}
    client = open_client(options, {}, lambda _secret: None, clock=scene.clock, adapter=adapter)
    assert len(client.api_keys.list(scene.iam_id, scene.account_id)) == 4

    assert [url.partition("?")[0] for url in seen] == [
        f"{endpoint.rstrip('/')}/identity/token",
        f"{endpoint.rstrip('/')}/v1/apikeys",
    ]
