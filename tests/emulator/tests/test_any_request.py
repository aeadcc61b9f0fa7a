# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever a client sends, the emulator answers and never breaks."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from iam_emulator import Emulator, Visitor

METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE"])
PATHS = st.sampled_from(
    [
        "/identity/token",
        "/v1/apikeys",
        "/v1/apikeys/details",
        "/v1/apikeys/{key}",
        "/v1/apikeys/{key}/lock",
        "/v1/apikeys/{key}/disable",
        "/v1/serviceids/",
        "/v1/serviceids/{robot}",
        "/v1/serviceid_groups",
        "/v1/profiles",
        "/v1/profiles/{profile}",
        "/v1/profiles/{profile}/identities/serviceid",
        "/v1/accounts/{account}/settings/identity",
        "/v1/accounts/{account}/limits/identity",
        "/v1/activity/accounts/{account}/report",
        "/v1/activity/accounts/{account}/report/latest",
    ]
)
NAMES = st.sampled_from(
    [
        "name",
        "iam_id",
        "account_id",
        "description",
        "apikey",
        "expires_at",
        "store_value",
        "unique_instance_crns",
        "identifier",
        "mfa",
        "max_sessions_per_identity",
        "apikeys_per_identity",
        "grant_type",
    ]
)
QUERY_NAMES = st.sampled_from(
    ["filter", "pagesize", "pagetoken", "sort", "scope", "iam_id", "include_history", "duration", "profiles"]
)
VALUES = st.one_of(st.text(), st.booleans(), st.integers(), st.none(), st.lists(st.text()), st.just("{iam_id}"))
FILTER_PARTS = st.sampled_from(["name", "sw", "co_ci", '"a"', "and", "or", "(", ")", "not", "€"])
QUERY_VALUES = st.one_of(st.text(), st.lists(FILTER_PARTS).map(" ".join))


@settings(max_examples=60, deadline=None)
@given(METHODS, PATHS, st.dictionaries(NAMES, VALUES), st.dictionaries(QUERY_NAMES, QUERY_VALUES))
def test_every_request_is_answered_or_refused(
    method: str, path: str, content: dict[str, object], query: dict[str, str]
) -> None:
    user = Visitor(Emulator())
    robot = user.create_service_id(apikey={"name": "first"})
    profile = user.create_profile()
    account_id = user.emulator.seed.account_id
    path = path.format(key=robot["apikey"]["id"], robot=robot["id"], profile=profile["id"], account=account_id)
    content = {name: robot["iam_id"] if value == "{iam_id}" else value for name, value in content.items()}
    answer = user.ask(method, path, content, {"If-Match": "*"}, **query)
    assert answer.status in {200, 201, 202, 204, 400, 403, 404, 405, 409, 422}
    assert answer.status == 204 or json.loads(answer.body)
