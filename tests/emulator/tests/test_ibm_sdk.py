# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM's own SDK as a client: what it does with API keys, service IDs, profiles, reports and limits works here.

Each operation is called as IBM's documentation does; the SDK builds the request and reads the answer.
"""

from __future__ import annotations

from typing import Any

import pytest
from iam_emulator import Emulator
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1
from ibm_platform_services.iam_identity_v1 import (
    AccountSettingsResponse,
    ApiKey,
    ApiKeyInsideCreateServiceIdRequest,
    EffectiveAccountSettingsResponse,
    IdentityLimitsUsageResponse,
    ProfileIdentityResponse,
    Report,
    ServiceId,
    ServiceIdGroup,
    TrustedProfile,
)


@pytest.fixture
def ibm(served: tuple[Emulator, str]) -> IamIdentityV1:
    """A fresh account, and IBM's client logged in as its user."""
    emulator, url = served
    emulator.reset()
    service = IamIdentityV1(authenticator=IAMAuthenticator(emulator.seed.api_key, url=url))
    service.set_service_url(url)
    return service


@pytest.fixture
def account_id(served: tuple[Emulator, str]) -> str:
    return served[0].seed.account_id


@pytest.fixture
def iam_id(served: tuple[Emulator, str]) -> str:
    return served[0].seed.iam_id


def answered(response: Any, status: int = 200) -> Any:
    """What an operation returned, once its status is the documented one."""
    assert response.get_status_code() == status
    return response.get_result()


def refused(operation: Any, *args: Any, **options: Any) -> tuple[int, str]:
    """Status and BXNIM code, as IBM's exception tells them."""
    with pytest.raises(ApiException) as caught:
        operation(*args, **options)
    return caught.value.status_code, caught.value.http_response.json()["errors"][0]["message_code"]


def test_create_and_read_a_key(ibm: IamIdentityV1, iam_id: str, account_id: str) -> None:
    created = answered(
        ibm.create_api_key(
            "deploy",
            iam_id,
            description="of the test",
            support_sessions=True,
            action_when_leaked="none",
            expires_at="2049-01-02T18:30:00+0000",
            entity_lock="true",
            entity_disable="true",
        ),
        201,
    )
    assert (created["locked"], created["disabled"], len(created["apikey"])) == (True, True, 44)
    response = ibm.get_api_key(created["id"], include_history=True, include_activity=True)
    shown = ApiKey.from_dict({"apikey": "", **answered(response)})
    assert (shown.name, shown.description, shown.iam_id, shown.account_id) == (
        "deploy",
        "of the test",
        iam_id,
        account_id,
    )
    assert (shown.support_sessions, shown.action_when_leaked) == (True, "none")
    assert (shown.expires_at, shown.created_by) == ("2049-01-02T18:30+0000", iam_id)
    assert shown.history
    assert shown.activity.authn_count == 0
    assert response.get_headers()["ETag"] == shown.entity_tag


def test_list_keys_with_pages_order_and_filter(ibm: IamIdentityV1, iam_id: str, account_id: str) -> None:
    for name in ("b", "a", "c"):
        ibm.create_api_key(name, iam_id)
    names, token = [], None
    while True:
        page = answered(
            ibm.list_api_keys(
                account_id=account_id, iam_id=iam_id, pagesize=1, sort="name", order="desc", pagetoken=token
            )
        )
        names += [key["name"] for key in page["apikeys"]]
        if "next" not in page:
            break
        token = page["next"].partition("pagetoken=")[2].replace("%3D", "=")
    assert names == ["first key", "c", "b", "a"]
    found = answered(ibm.list_api_keys(filter='name sw "b" or name co_ci "C"', include_history=True))["apikeys"]
    assert [key["name"] for key in found] == ["b", "c"]
    assert all(key["history"] for key in found)
    everyone = answered(ibm.list_api_keys(scope="account", type="user", account_id=account_id, pagesize=100))
    assert len(everyone["apikeys"]) == 4


@pytest.mark.parametrize("tag", ["etag", "entity_tag", "quoted", "any"])
def test_update_a_key(ibm: IamIdentityV1, iam_id: str, tag: str) -> None:
    created = answered(ibm.create_api_key("a", iam_id, description="old", expires_at="2049-01-02T18:30+0000"), 201)
    response = ibm.get_api_key(created["id"])
    if_match = {
        "etag": response.get_headers()["ETag"],
        "entity_tag": created["entity_tag"],
        "quoted": f'"{created["entity_tag"]}"',
        "any": "*",
    }[tag]
    changed = answered(
        ibm.update_api_key(
            created["id"],
            if_match,
            name="b",
            description="new",
            support_sessions=True,
            action_when_leaked="delete",
            expires_at="",
        )
    )
    assert (changed["name"], changed["description"], changed["support_sessions"]) == ("b", "new", True)
    assert (changed["action_when_leaked"], "expires_at" in changed) == ("delete", False)
    assert refused(ibm.update_api_key, created["id"], created["entity_tag"], name="c")[0] == 409


def test_lock_disable_and_delete_a_key(ibm: IamIdentityV1, iam_id: str) -> None:
    key_id = answered(ibm.create_api_key("a", iam_id), 201)["id"]

    def flags() -> tuple[bool, bool]:
        shown = answered(ibm.get_api_key(key_id))
        return shown["locked"], shown["disabled"]

    answered(ibm.disable_api_key(key_id), 204)
    answered(ibm.lock_api_key(key_id), 204)
    assert flags() == (True, True)
    assert refused(ibm.delete_api_key, key_id) == (409, "BXNIM0908E")
    answered(ibm.unlock_api_key(key_id), 204)
    answered(ibm.enable_api_key(key_id), 204)
    assert flags() == (False, False)
    answered(ibm.delete_api_key(key_id), 204)
    assert refused(ibm.get_api_key, key_id) == (404, "BXNIM0102E")


def test_find_a_key_by_its_value(ibm: IamIdentityV1, served: tuple[Emulator, str]) -> None:
    seed = served[0].seed
    shown = answered(ibm.get_api_keys_details(iam_api_key=seed.api_key, include_history=True))
    assert (shown["id"], bool(shown["history"]), "apikey" in shown) == (seed.api_key_id, True, False)


def test_a_chosen_and_stored_value_is_read_back(ibm: IamIdentityV1, account_id: str) -> None:
    robot = answered(ibm.create_service_id(account_id, "robot"), 201)
    value = "chosen-by-the-client-0123456789-abcdef"
    created = answered(ibm.create_api_key("a", robot["iam_id"], apikey=value, store_value=True), 201)
    assert answered(ibm.get_api_key(created["id"]))["apikey"] == value
    assert answered(ibm.update_api_key(created["id"], "*", name="b"))["apikey"] == value
    assert refused(ibm.create_api_key, "b", robot["iam_id"], apikey=value)[0] == 409
    assert refused(ibm.create_api_key, "b", robot["iam_id"], apikey="short") == (400, "BXNIM0106E")


def test_a_service_id_has_a_life_cycle(ibm: IamIdentityV1, account_id: str) -> None:
    first_key = ApiKeyInsideCreateServiceIdRequest(
        name="first", description="made along", store_value=True, expires_at="2049-01-02T18:30+0000"
    )
    created = answered(
        ibm.create_service_id(
            account_id,
            "robot",
            description="of the test",
            unique_instance_crns=["crn:v1:x"],
            apikey=first_key,
            entity_lock="true",
            show_group_id=True,
        ),
        201,
    )
    assert (created["locked"], created["apikey"]["name"], bool(created["group_id"])) == (True, "first", True)
    response = ibm.get_service_id(created["id"], include_history=True, include_activity=True, show_group_id=True)
    shown = ServiceId.from_dict(answered(response))
    assert (shown.name, shown.unique_instance_crns, bool(shown.history)) == ("robot", ["crn:v1:x"], True)
    assert refused(ibm.update_service_id, shown.id, "*", name="b")[0] == 409
    answered(ibm.unlock_service_id(shown.id), 204)
    tag = ibm.get_service_id(shown.id).get_headers()["ETag"]
    changed = answered(ibm.update_service_id(shown.id, tag, name="b", description="", unique_instance_crns=[]))
    assert (changed["name"], "description" in changed, changed["unique_instance_crns"]) == ("b", False, [])
    assert len(answered(ibm.list_service_ids(account_id=account_id, name="b"))["serviceids"]) == 1
    assert answered(ibm.list_service_ids(account_id=account_id, filter='name sw "x"'))["serviceids"] == []
    answered(ibm.lock_service_id(shown.id), 204)
    assert refused(ibm.delete_service_id, shown.id)[0] == 409
    answered(ibm.unlock_service_id(shown.id), 204)
    answered(ibm.delete_service_id(shown.id), 204)
    assert refused(ibm.get_service_id, shown.id)[0] == 404


def test_groups_of_service_ids(ibm: IamIdentityV1, account_id: str) -> None:
    group = ServiceIdGroup.from_dict(answered(ibm.create_service_id_group(account_id, "ci", description="x"), 201))
    robot = answered(ibm.create_service_id(account_id, "robot", group_id=group.id), 201)
    assert answered(ibm.list_service_ids(account_id=account_id))["serviceids"] == []
    listed = answered(ibm.list_service_ids(account_id=account_id, group_id=group.id, show_group_id=True))
    assert [found["id"] for found in listed["serviceids"]] == [robot["id"]]
    tag = ibm.get_service_id_group(group.id).get_headers()["ETag"]
    assert answered(ibm.update_service_id_group(group.id, tag, "cd"))["name"] == "cd"
    assert len(answered(ibm.list_service_id_group(account_id=account_id))["serviceid_groups"]) == 2
    assert refused(ibm.delete_service_id_group, group.id)[0] == 409
    ibm.delete_service_id(robot["id"])
    answered(ibm.delete_service_id_group(group.id), 204)


def test_a_profile_has_a_life_cycle(ibm: IamIdentityV1, account_id: str, iam_id: str) -> None:
    created = answered(ibm.create_profile("rotator", account_id, description="x", email="ops@example.com"), 201)
    shown = TrustedProfile.from_dict(answered(ibm.get_profile(created["id"], include_activity=True)))
    assert (shown.name, shown.email, shown.activity.authn_count) == ("rotator", "ops@example.com", 0)
    assert len(answered(ibm.list_profiles(account_id, name="rotator", include_history=True))["profiles"]) == 1
    assert answered(ibm.update_profile(shown.id, shown.entity_tag, description="y"))["description"] == "y"
    answered(ibm.set_profile_identity(shown.id, "user", iam_id, "user"))
    found = ProfileIdentityResponse.from_dict(answered(ibm.get_profile_identity(shown.id, "user", iam_id)))
    assert (found.iam_id, found.type) == (iam_id, "user")
    assert len(answered(ibm.get_profile_identities(shown.id))["identities"]) == 1
    answered(ibm.delete_profile_identity(shown.id, "user", iam_id), 204)
    answered(ibm.delete_profile(shown.id), 204)


def test_the_report_on_inactive_identities(ibm: IamIdentityV1, account_id: str, iam_id: str) -> None:
    robot = answered(ibm.create_service_id(account_id, "idle"), 201)
    ibm.create_api_key("idle key", robot["iam_id"])
    reference = answered(ibm.create_report(account_id, type="inactive", duration="720"), 202)["reference"]
    assert ibm.get_report(account_id, reference).get_status_code() == 204
    report = Report.from_dict(answered(ibm.get_report(account_id, "latest")))
    assert (report.reference, report.created_by, report.report_duration) == (reference, iam_id, "720")
    assert [entry.id for entry in report.serviceids] == [robot["id"]]
    assert [(entry.name, entry.type, entry.serviceid.id) for entry in report.apikeys] == [
        ("idle key", "serviceid", robot["id"])
    ]
    assert (report.users, report.profiles) == ([], [])
    assert refused(ibm.get_report, account_id, "unknown")[0] == 404


def test_limits(ibm: IamIdentityV1, account_id: str, iam_id: str) -> None:
    asked = answered(ibm.get_account_limits(account_id, apikeys_per_identity=iam_id, serviceid_groups=True))
    shown = IdentityLimitsUsageResponse.from_dict(asked)
    assert shown.apikeys_per_identity.limit == 20
    assert [(each.iam_id, each.count) for each in shown.apikeys_per_identity.identities] == [(iam_id, 1)]
    posted = answered(
        ibm.bulk_list_account_entity_consumption(account_id, apikeys_per_identity=[iam_id], profiles=True)
    )
    assert (posted["apikeys_per_identity"], posted["profiles"]["count"]) == (asked["apikeys_per_identity"], 0)


def test_account_settings_restrict_who_creates_keys(ibm: IamIdentityV1, account_id: str, iam_id: str) -> None:
    response = ibm.get_account_settings(account_id, include_history=True)
    before = AccountSettingsResponse.from_dict(answered(response))
    assert (before.restrict_create_platform_apikey, bool(before.history)) == ("NOT_SET", True)
    tag = response.get_headers()["ETag"]
    after = answered(ibm.update_account_settings(tag, account_id, restrict_create_platform_apikey="RESTRICTED"))
    assert after["entity_tag"] != before.entity_tag
    effective = EffectiveAccountSettingsResponse.from_dict(answered(ibm.get_effective_account_settings(account_id)))
    assert effective.effective.restrict_create_platform_apikey == "RESTRICTED"
    assert refused(ibm.create_api_key, "a", iam_id) == (403, "BXNIM0513E")
