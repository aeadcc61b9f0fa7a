# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what clients send, as strictly as IAM does: unknown properties and wrong types are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .messages import Json, Request
from .refusals import invalid, missing


def json_body(request: Request, types: Mapping[str, type]) -> Json:
    """The JSON object of a request, every property known and of its type."""
    if not (request.header("Content-Type") or "").startswith("application/json"):
        raise invalid("The content type must be application/json.")
    try:
        body = json.loads(request.body)
    except ValueError:
        raise invalid("The body is not valid JSON.") from None
    check_properties(body, types)
    checked: Json = body
    return checked


def check_properties(body: object, types: Mapping[str, type]) -> None:
    """Refuse anything but an object of these properties."""
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    for name, value in body.items():
        if name not in types:
            raise invalid(f"Unknown property {name}.")
        # In Python a bool is an int, so a plain isinstance would let one pass for the other.
        if not isinstance(value, types[name]) or isinstance(value, bool) != (types[name] is bool):
            raise invalid(f"Property {name} must be of type {types[name].__name__}.")


def require(body: Json, *names: str) -> None:
    """Refuse when one of these is absent or empty."""
    for name in names:
        if not body.get(name):
            raise missing(name)


def flag(text: str | None, name: str) -> bool:
    """A boolean header or query parameter; absent means false."""
    if text is None:
        return False
    if text.lower() not in ("true", "false"):
        raise invalid(f"{name} must be true or false.")
    return text.lower() == "true"


def choice(text: str | None, name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of the allowed words; absent means the default."""
    if text is None:
        return default
    if text not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}.")
    return text
