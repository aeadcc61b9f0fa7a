# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POST /identity/token: something that proves who one is becomes a bearer token."""

from __future__ import annotations

from urllib.parse import parse_qsl

from .grants import GRANTS, Worlds
from .messages import Answer, Request, json_answer
from .refusals import invalid, missing
from .tokens import published_keys

FORM_TYPE = "application/x-www-form-urlencoded"


def log_in(worlds: Worlds, request: Request) -> Answer:
    """A token for whom the grant stands for, or an error body in token style."""
    form = _form_of(request)
    if not form.get("grant_type"):
        raise missing("grant_type")
    grant = GRANTS.get(form["grant_type"])
    if grant is None:
        raise invalid(f"Grant type {form['grant_type']} is not supported.")
    return json_answer(grant(worlds, form))


def show_published_keys(_worlds: Worlds, _request: Request) -> Answer:
    """GET /identity/keys."""
    return json_answer(published_keys())


def _form_of(request: Request) -> dict[str, str]:
    if not (request.header("Content-Type") or "").startswith(FORM_TYPE):
        raise missing("grant_type")
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
