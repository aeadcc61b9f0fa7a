# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which function answers which request."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import accounts, api_key_changes, api_keys, login, profiles, reports, service_id_groups, service_ids
from .call import Call, check_key_address
from .clock import Clock
from .grants import Worlds
from .messages import Answer, Request
from .refusals import Refusal
from .tokens import caller_of

Handler = Callable[..., Answer]

PUBLIC_ROUTES: dict[str, dict[str, Handler]] = {
    "/identity/token": {"POST": login.log_in},
    "/identity/keys": {"GET": login.show_published_keys},
}
V1_ROUTES: dict[str, dict[str, Handler]] = {
    "/v1/apikeys": {"GET": api_keys.list_keys, "POST": api_key_changes.create_key},
    "/v1/apikeys/details": {"GET": api_keys.show_key_by_value},
    "/v1/apikeys/([^/]+)": {
        "GET": api_keys.show_key,
        "PUT": api_key_changes.update_key,
        "DELETE": api_key_changes.delete_key,
    },
    "/v1/apikeys/([^/]+)/lock": {"POST": api_key_changes.lock_key, "DELETE": api_key_changes.unlock_key},
    "/v1/apikeys/([^/]+)/disable": {
        "POST": api_key_changes.disable_key,
        "DELETE": api_key_changes.enable_key,
    },
    # IBM's SDKs send the trailing slash, its documentation does not.
    "/v1/serviceids/?": {"GET": service_ids.list_service_ids, "POST": service_ids.create_service_id},
    "/v1/serviceids/([^/]+)": {
        "GET": service_ids.show_service_id,
        "PUT": service_ids.update_service_id,
        "DELETE": service_ids.delete_service_id,
    },
    "/v1/serviceids/([^/]+)/lock": {
        "POST": service_ids.lock_service_id,
        "DELETE": service_ids.unlock_service_id,
    },
    "/v1/profiles": {"GET": profiles.list_profiles, "POST": profiles.create_profile},
    "/v1/profiles/([^/]+)": {
        "GET": profiles.show_profile,
        "PUT": profiles.update_profile,
        "DELETE": profiles.delete_profile,
    },
    "/v1/profiles/([^/]+)/identities": {"GET": profiles.list_identities},
    "/v1/profiles/([^/]+)/identities/([^/]+)": {"POST": profiles.add_identity},
    "/v1/profiles/([^/]+)/identities/([^/]+)/([^/]+)": {
        "GET": profiles.show_identity,
        "DELETE": profiles.remove_identity,
    },
    "/v1/accounts/([^/]+)/settings/identity": {"GET": accounts.show_settings, "PUT": accounts.update_settings},
    "/v1/accounts/([^/]+)/effective_settings/identity": {"GET": accounts.show_effective_settings},
    "/v1/accounts/([^/]+)/limits/identity": {"GET": accounts.show_limits, "POST": accounts.show_limits_for_body},
    "/v1/activity/accounts/([^/]+)/report": {"POST": reports.create_report},
    "/v1/activity/accounts/([^/]+)/report/([^/]+)": {"GET": reports.show_report},
    "/v1/serviceid_groups": {"GET": service_id_groups.list_groups, "POST": service_id_groups.create_group},
    "/v1/serviceid_groups/([^/]+)": {
        "GET": service_id_groups.show_group,
        "PUT": service_id_groups.update_group,
        "DELETE": service_id_groups.delete_group,
    },
}


def answer_request(worlds: Worlds, clock: Clock, request: Request) -> Answer:
    """Carry out one request in the account that its token is for; raises Refusal when IAM would say no."""
    public = PUBLIC_ROUTES.get(request.path)
    if public is not None:
        return _method_of(public, request)(worlds, request)
    for pattern, handlers in V1_ROUTES.items():
        match = re.fullmatch(pattern, request.path)
        if match is not None:
            handler = _method_of(handlers, request)
            caller = caller_of(clock, request.header("Authorization"))
            world = worlds[caller.account_id]
            check_key_address(world, caller.key_id, world.settings.address_refused_status)
            return _with_stale_pages(Call(world, request, caller), handler, *match.groups())
    raise Refusal(404, "There is no such path.")


def _method_of(handlers: dict[str, Handler], request: Request) -> Handler:
    if request.method not in handlers:
        raise Refusal(405, f"The method {request.method} is not allowed here.")
    return handlers[request.method]


def _with_stale_pages(call: Call, handler: Handler, *ids: str) -> Answer:
    keys_before = None if call.request.method == "GET" else call.world.keys_before_change()
    answer = handler(call, *ids)
    if keys_before is not None:
        call.world.show_stale_pages(keys_before)
    return answer
