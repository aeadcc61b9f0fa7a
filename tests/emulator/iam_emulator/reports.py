# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report on inactive identities: asked for first, fetched when it is ready."""

from __future__ import annotations

import re
from typing import Any

from .bodies import choice
from .call import Call
from .clock import minute_text
from .entities import ApiKey, Entity, Report
from .messages import NO_CONTENT, Answer, Json, json_answer
from .refusals import invalid, not_found
from .settings import Settings

DEFAULT_DURATION_HOURS = "720"
KEPT_SECONDS = 24 * 3600


def create_report(call: Call, account_id: str) -> Answer:
    """POST /v1/activity/accounts/{id}/report; reports older than a day go away (iam-facts.md 7)."""
    call.check_account(account_id)
    call.check_role("report.create")
    choice(call.request.query.get("type"), "type", ("inactive",), "inactive")
    duration_hours = call.request.query.get("duration", DEFAULT_DURATION_HOURS)
    if not re.fullmatch(r"[0-9]{1,6}", duration_hours):
        raise invalid("duration must be a number of hours.")
    world = call.world
    now = world.clock.now()
    reference = world.randomness.hex_id()
    content = {"created_by": call.caller.iam_id, "reference": reference, **_inactive_since(call, int(duration_hours))}
    world.reports = [report for report in world.reports if now - report.created_at <= KEPT_SECONDS]
    world.reports.append(Report(reference, now, content, world.settings.report_unready_reads))
    return json_answer({"reference": reference}, 202)


def show_report(call: Call, account_id: str, reference: str) -> Answer:
    """GET /v1/activity/accounts/{id}/report/{reference}: 204 while it is being prepared."""
    call.check_account(account_id)
    call.check_role("report.get")
    for report in reversed(call.world.reports):
        if reference in (report.reference, "latest"):
            if report.unready_reads == 0:
                return json_answer(report.content)
            report.unready_reads -= 1
            return NO_CONTENT
    raise not_found("Report", reference)


def _inactive_since(call: Call, duration_hours: int) -> Json:
    """Who has not logged in for this long, or never."""
    world = call.world
    now = world.clock.now()
    limit = now - duration_hours * 3600

    def is_inactive(last_authn_at: float | None) -> bool:
        return last_authn_at is None or last_authn_at < limit

    def shown(entities: list[Entity]) -> list[Json]:
        return [_entity_activity(entity) for entity in entities if is_inactive(entity.last_authn_at)]

    report = {
        "report_duration": str(duration_hours),
        "report_start_time": minute_text(limit),
        "report_end_time": minute_text(now),
        "users": [
            {**_user_details(call, user.iam_id), **_last_authn(user.last_authn_at)}
            for user in world.users.values()
            if is_inactive(user.last_authn_at)
        ],
        "apikeys": [_key_activity(call, key) for key in world.keys.values() if is_inactive(key.last_authn_at)],
        "serviceids": shown([*world.service_ids.values()]),
        "profiles": shown([*world.profiles.values()]),
    }
    return _as_ibm_may(report, call.world.settings)


def _as_ibm_may(report: Json, settings: Settings) -> Json:
    """Lists may be missing when they are empty, and times be of another form (iam-facts.md 6.4, 7)."""
    if settings.report_leaves_out_empty:
        report = {member: value for member, value in report.items() if value != []}
    if settings.odd_report_times:
        report = {member: _with_odd_times(value) for member, value in report.items()}
    return report


def _with_odd_times(entries: Any) -> Any:
    if not isinstance(entries, list):
        return entries
    return [
        {**each, "last_authn": each["last_authn"].replace("+", ":33:428+")} if "last_authn" in each else each
        for each in entries
    ]


def _entity_activity(entity: Entity) -> Json:
    return {"id": entity.id, "name": entity.name, **_last_authn(entity.last_authn_at)}


def _key_activity(call: Call, key: ApiKey) -> Json:
    service_id = call.world.service_id_of(key.iam_id)
    if service_id is None:
        owner: Json = {"type": "user", "user": _user_details(call, key.iam_id)}
    else:
        owner = {"type": "serviceid", "serviceid": {"id": service_id.id, "name": service_id.name}}
    return {"id": key.id, "name": key.name, **owner, **_last_authn(key.last_authn_at)}


def _user_details(call: Call, iam_id: str) -> Json:
    user = call.world.users[iam_id]
    return {"iam_id": user.iam_id, "name": user.name, "username": user.email, "email": user.email}


def _last_authn(moment: float | None) -> Json:
    return {} if moment is None else {"last_authn": minute_text(moment)}
