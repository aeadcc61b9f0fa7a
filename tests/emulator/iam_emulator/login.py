# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POST /identity/token: an API key becomes a bearer token."""

from __future__ import annotations

from urllib.parse import parse_qsl

from .entities import ApiKey
from .messages import Answer, Request, json_answer
from .refusals import Refusal, invalid, missing
from .tokens import mint_token, published_keys
from .world import World

API_KEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
FORM_TYPE = "application/x-www-form-urlencoded"


def log_in(world: World, request: Request) -> Answer:
    """A token for the identity of the key, or an error body in token style."""
    form = _form_of(request)
    if not form.get("grant_type"):
        raise missing("grant_type")
    if form["grant_type"] != API_KEY_GRANT:
        raise invalid(f"Grant type {form['grant_type']} is not supported.")
    if form.get("response_type", "cloud_iam") != "cloud_iam":
        raise invalid("Property response_type failed validation.")
    if not form.get("apikey"):
        raise missing("apikey")
    key = _usable_key(world, form["apikey"])
    return json_answer(_logged_in(world, key))


def show_published_keys(_world: World, _request: Request) -> Answer:
    """GET /identity/keys."""
    return json_answer(published_keys())


def _form_of(request: Request) -> dict[str, str]:
    if not (request.header("Content-Type") or "").startswith(FORM_TYPE):
        raise missing("grant_type")
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _usable_key(world: World, key_value: str) -> ApiKey:
    # A locked key logs in: a lock only blocks change and deletion (docs: "Managing user API keys").
    key = world.key_with_value(key_value)
    if key is None or key.hides_from("login"):
        raise Refusal(400, "Provided API key could not be found.", "BXNIM0415E")
    if key.disabled:
        raise Refusal(world.settings.disabled_login_status, "Provided API key is disabled.", "BXNIM0462E")
    if key.is_expired(world.clock.now()):
        settings = world.settings
        raise Refusal(settings.expired_login_status, "Provided API key is expired.", settings.expired_login_code)
    return key


def _logged_in(world: World, key: ApiKey) -> dict[str, object]:
    key.record_login(world.clock.now())
    service_id = world.service_id_of(key.iam_id)
    if service_id is not None:
        service_id.record_login(world.clock.now())
    return mint_token(world, key.iam_id, API_KEY_GRANT)
