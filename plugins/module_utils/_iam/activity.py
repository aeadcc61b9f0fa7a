# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The account's report on what has not logged in for a while: asked for once, fetched when it is ready."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock, parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import SendRequest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    IamError,
    NotPermitted,
    NotUnderstood,
)

# IBM says that a report takes minutes for a large account; these are the pauses between two looks.
LOOK_AGAIN_AFTER_SECONDS = (1, 2, 4, 8, 15)
STILL_BEING_MADE = 204
REPORT_ADVICE: dict[type[IamError], str] = {
    NotPermitted: "only an Administrator on IAM Identity, or a Service Configuration Reader, may have this report"
}


@dataclass(frozen=True)
class InactiveKey:
    """A key that did not log in for so long; `last_login_at` is IAM's text, None: never."""

    key_id: str
    last_login_at: str | None
    owner_name: str | None


class ActivityReports:
    """Reads reports on inactive identities (iam-facts.md 7)."""

    def __init__(self, send: SendRequest, clock: Clock) -> None:
        self._send = send
        self._clock = clock

    def inactive_keys(self, account_id: str, *, for_hours: int, timeout_seconds: float) -> list[InactiveKey]:
        """The API keys of the account that did not log in for so many hours; one request, then polling.

        Raises NotPermitted when the caller may not (Administrator on IAM Identity, or Service Configuration Reader),
        and an IamError when the report is not ready after `timeout_seconds`.
        """
        path = f"/v1/activity/accounts/{account_id}/report"
        query = {"type": "inactive", "duration": str(for_hours)}
        reply = self._send("POST", path, "ask for the report on inactive API keys", query=query, advice=REPORT_ADVICE)
        reference = reply.body.get("reference") if isinstance(reply.body, dict) else None
        if not isinstance(reference, str) or not reference.replace("-", "").isalnum():
            raise NotUnderstood("IBM Cloud IAM named no reference of the report on inactive API keys")
        entries = self._fetch(f"{path}/{reference}", timeout_seconds).get("apikeys")
        if not isinstance(entries, list):
            raise NotUnderstood("the report on inactive API keys has no list of keys")
        return [_inactive_key(entry) for entry in entries]

    def _fetch(self, path: str, timeout_seconds: float) -> dict[str, t.Any]:
        give_up_at = self._clock.monotonic() + timeout_seconds
        looks = 0
        while True:
            reply = self._send("GET", path, "fetch the report on inactive API keys")
            if reply.status != STILL_BEING_MADE:
                return reply.body if isinstance(reply.body, dict) else {}
            pause = LOOK_AGAIN_AFTER_SECONDS[min(looks, len(LOOK_AGAIN_AFTER_SECONDS) - 1)]
            if self._clock.monotonic() + pause > give_up_at:
                raise IamError(
                    f"IBM Cloud IAM was still making the report on inactive API keys after {timeout_seconds:g} seconds"
                )
            self._clock.sleep(pause)
            looks += 1


def _inactive_key(entry: t.Any) -> InactiveKey:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise NotUnderstood("the report on inactive API keys names a key without an id")
    owner = entry.get("serviceid") or entry.get("user") or {}
    last = entry.get("last_authn")
    try:
        if last is not None:
            parse_time(last)
    except (TypeError, ValueError):
        raise NotUnderstood("the report on inactive API keys tells a last log-in in a form that is not known") from None
    return InactiveKey(entry["id"], last, owner.get("name") if isinstance(owner, dict) else None)
