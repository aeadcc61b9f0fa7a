# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How IAM says no: the two error bodies of IBM Cloud IAM, and the codes the emulator uses in them."""

from __future__ import annotations

from .messages import Answer, Json, Request, json_answer

# Code string and BXNIM code that a bare status stands for. Where IBM documents no BXNIM code the closest
# documented one is used; README.md lists these choices.
CODES_BY_STATUS = {
    400: ("bad_request", "BXNIM0106E"),
    401: ("invalid_access_token", "BXNIM0407E"),
    403: ("forbidden", "BXNIM0513E"),
    404: ("not_found", "BXNIM0102E"),
    405: ("method_not_allowed", "BXNIM0106E"),
    409: ("conflict", "BXNIM0908E"),
    412: ("precondition_failed", "BXNIM0908E"),
    422: ("invalid_state", "BXNIM0908E"),
    429: ("too_many_requests", "BXNIM0050E"),
}
INTERNAL_ERROR = ("internal_error", "BXNIM0050E")


class Refusal(Exception):
    """A request that IAM does not carry out; becomes an error body."""

    def __init__(self, status: int, message: str, bxnim_code: str | None = None, details: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code, default_bxnim_code = CODES_BY_STATUS.get(status, INTERNAL_ERROR)
        self.bxnim_code = bxnim_code or default_bxnim_code
        self.details = details


def invalid(message: str) -> Refusal:
    """A property that fails validation."""
    return Refusal(400, message)


def missing(property_name: str) -> Refusal:
    """A required property that is absent or empty."""
    return Refusal(400, f"Property missing or empty: {property_name}.", "BXNIM0109E")


def not_found(kind: str, entity_id: str) -> Refusal:
    """An entity that does not exist, or not any more."""
    return Refusal(404, "Unable to find object", details=f"Object type {kind} with id {entity_id} not found")


def error_answer(refusal: Refusal, request: Request, transaction_id: str) -> Answer:
    """The refusal in the style of the endpoint: camel case under /identity, an `errors` list elsewhere."""
    style = _token_body if request.path.startswith("/identity") else _v1_body
    return json_answer(style(refusal, request, transaction_id), refusal.status)


def _token_body(refusal: Refusal, request: Request, transaction_id: str) -> Json:
    body: Json = {
        "errorCode": refusal.bxnim_code,
        "errorMessage": refusal.message,
        "context": {
            "requestId": transaction_id,
            "requestType": "incoming.Identity_Token",
            "userAgent": request.header("User-Agent") or "",
            "url": f"{request.scheme}://{request.header('Host') or 'localhost'}",
            "instanceId": "iamid-emulator",
            "locale": "en_US",
        },
    }
    if refusal.details:
        body["errorDetails"] = refusal.details
    return body


def _v1_body(refusal: Refusal, _request: Request, transaction_id: str) -> Json:
    error = {"code": refusal.code, "message_code": refusal.bxnim_code, "message": refusal.message}
    if refusal.details:
        error["details"] = refusal.details
    return {"errors": [error], "status_code": refusal.status, "trace": transaction_id}
