# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The account's report on what has not logged in for a while: asked for once, fetched when it is ready."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import SendRequest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    IamError,
    Invalid,
    NotPermitted,
    NotUnderstood,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import Spoiled, each_understood

# IBM says that a report takes minutes for a large account; these are the pauses between two looks.
LOOK_AGAIN_AFTER_SECONDS = (1, 2, 4, 8, 15)
LONGEST_WAIT_SECONDS = 86_400
STILL_BEING_MADE = 204
READ = "fetch the report on inactive API keys"
REPORT_ADVICE: dict[type[IamError], str] = {
    NotPermitted: "only an Administrator on IAM Identity, or a Service Configuration Reader, may have this report"
}


@dataclass(frozen=True)
class InactiveKey:
    """A key that did not log in for so long; `last_login_at` is IAM's text, None: never, if it `is_readable`."""

    key_id: str
    last_login_at: str | None
    owner_name: str | None
    is_readable: bool = True


class ActivityReports:
    """Reads reports on inactive identities (iam-facts.md 7)."""

    def __init__(self, send: SendRequest, clock: Clock) -> None:
        self._send = send
        self._clock = clock

    def inactive_keys(
        self, account_id: str, *, for_hours: int, timeout_seconds: float, spoiled: Spoiled | None = None
    ) -> list[InactiveKey]:
        """The API keys of the account that did not log in for so many hours; one request, then polling.

        An entry that is not understood is an error, unless `spoiled` is told of it: then it is left out.

        Raises NotPermitted when the caller may not (Administrator on IAM Identity, or Service Configuration Reader),
        and an IamError when the report is not ready after `timeout_seconds`.
        """
        # This is also false for what YAML writes as .nan, for which no wait would ever end.
        if not 0 <= timeout_seconds <= LONGEST_WAIT_SECONDS:
            raise Invalid(f"report_timeout_seconds has to be from 0 to {LONGEST_WAIT_SECONDS}")
        path = f"/v1/activity/accounts/{account_id}/report"
        query = {"type": "inactive", "duration": str(for_hours)}
        reply = self._send("POST", path, "ask for the report on inactive API keys", query=query, advice=REPORT_ADVICE)
        reference = _reference_in(reply.body)
        if reference is None:
            raise NotUnderstood("IBM Cloud IAM named no reference of the report on inactive API keys")
        report = self._fetch(f"{path}/{reference}", timeout_seconds)
        if _reference_in(report) != reference:
            raise NotUnderstood("what came is not the report on inactive API keys that was asked for")
        # A list that is missing is an empty one (iam-facts.md 7).
        entries = [] if report.get("apikeys") is None else report["apikeys"]
        if not isinstance(entries, list):
            raise NotUnderstood("the report on inactive API keys has no list of keys")
        return list(each_understood(entries, _inactive_key, spoiled))

    def _fetch(self, path: str, timeout_seconds: float) -> dict[str, t.Any]:
        give_up_at = self._clock.monotonic() + timeout_seconds
        looks = 0
        while True:
            reply = self._send("GET", path, READ)
            if reply.status != STILL_BEING_MADE:
                return reply.body if isinstance(reply.body, dict) else {}
            pause = LOOK_AGAIN_AFTER_SECONDS[min(looks, len(LOOK_AGAIN_AFTER_SECONDS) - 1)]
            if self._clock.monotonic() + pause > give_up_at:
                raise IamError(
                    f"IBM Cloud IAM was still making the report on inactive API keys after {timeout_seconds:g} seconds"
                )
            self._clock.sleep(pause)
            looks += 1


def _reference_in(body: t.Any) -> str | None:
    try:
        return t.cast("str", forms.REFERENCE(body.get("reference"))) if isinstance(body, dict) else None
    except ValueError:
        return None


def _inactive_key(entry: t.Any) -> InactiveKey:
    """One entry; a last log-in that cannot be read spoils nothing else."""
    told = forms.understood(entry, {"id": forms.KEY_ID}, {}, "an API key", READ)
    try:
        last = forms.understood(entry, {}, {"last_authn": forms.past}, "a last log-in", READ).get("last_authn")
        is_readable = True
    except NotUnderstood:
        last, is_readable = None, False
    return InactiveKey(told["id"], last, _owner_name(entry), is_readable)


def _owner_name(entry: dict[str, t.Any]) -> str | None:
    owner = entry.get("serviceid") or entry.get("user")
    name = owner.get("name") if isinstance(owner, dict) else None
    return forms.text(name) if isinstance(name, str) else None
