# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What only the real service can tell about limits, lists, callers without a role, and reports."""

from __future__ import annotations

import re
import secrets

from live_questions import QUESTIONS, Answers, question, refusal
from live_requests import Iam, Reply, Scene, Unanswered, path_of, until

MOST_KEYS = 30
LONGEST_TEXT = 8192


@question("how many keys one identity may have", "keys_per_identity")
def keys_per_identity(scene: Scene) -> Answers:
    robot = scene.robot()
    for count in range(MOST_KEYS):
        answer = scene.try_key(robot)
        if (answer.status, answer.code) == (422, "BXNIM0151E"):
            return {"keys_per_identity": count}
        answer.want(201)
    raise Unanswered(f"more than {MOST_KEYS} are allowed")


@question("how long a token lasts", "access_token_lifetime_seconds")
def token_lifetime(scene: Scene) -> Answers:
    seconds = scene.iam.log_in(scene.known_key()["apikey"]).want(200).body.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise Unanswered("the answer to a log-in does not say it")
    return {"access_token_lifetime_seconds": seconds}


def _without_a_role(scene: Scene) -> Iam:
    """A service ID that nobody gave a role."""
    return scene.iam.acting_as(scene.known_key()["apikey"])


@question("what is answered to somebody who lacks the role for a key", "foreign_key_status")
def foreign_key(scene: Scene) -> Answers:
    stranger, key = _without_a_role(scene), scene.known_key()
    answers = {
        "read": stranger.ask("GET", path_of(key)),
        "look by value": stranger.ask("GET", "/v1/apikeys/details", IAM_ApiKey=key["apikey"]),
        "update": stranger.ask("PUT", path_of(key), {"description": "changed"}, If_Match="*"),
    }
    return {"foreign_key_status": refusal(answers)}


@question("whether who may not see all keys is refused the list, or shown less", "account_list_is_shortened")
def account_list(scene: Scene) -> Answers:
    own = scene.known_key()
    path = f"/v1/apikeys?account_id={scene.account_id}&scope=account&pagesize=100"
    answer = scene.iam.acting_as(own["apikey"]).ask("GET", path).want(200, 403)
    # Any key: of many, those that were made here may stand on a later page.
    if answer.status == 200 and {each.get("id") for each in answer.entries("apikeys")} - {own["id"]}:
        raise Unanswered("a service ID that nobody gave a role sees keys of others: this account gives roles to all")
    return {"account_list_is_shortened": answer.status == 200}


@question("with what a look-up of an unknown value is answered", "details_unknown_status", "details_unknown_code")
def details_unknown(scene: Scene) -> Answers:
    answer = scene.iam.ask("GET", "/v1/apikeys/details", IAM_ApiKey=secrets.token_urlsafe(33))
    if not answer.code:
        raise Unanswered(f"it came back with {answer.status} and no code")
    return {"details_unknown_status": refusal({"look-up": answer}), "details_unknown_code": answer.code}


@question("how long a name may be", "name_limit")
def name_limit(scene: Scene) -> Answers:
    return {"name_limit": _longest(scene, "name")}


@question("how long a description may be", "description_limit")
def description_limit(scene: Scene) -> Answers:
    return {"description_limit": _longest(scene, "description")}


def _longest(scene: Scene, member: str) -> int:
    """The length of the longest text that is taken, found by halving; 0 when even the longest is."""
    key, begin = scene.known_key(), f"{scene.name()}-"

    def is_taken(length: int) -> bool:
        return scene.update(key, **{member: begin.ljust(length, "x")}).want(200, 400).status == 200

    if is_taken(LONGEST_TEXT):
        return 0
    taken, refused = len(begin), LONGEST_TEXT
    if not is_taken(taken):
        raise Unanswered(f"even {taken} characters are refused")
    while refused - taken > 1:
        middle = (taken + refused) // 2
        taken, refused = (middle, refused) if is_taken(middle) else (taken, middle)
    return taken


@question("whether a version comes with quotation marks", "quoted_tags")
def quoted_tags(scene: Scene) -> Answers:
    tag = scene.iam.ask("GET", path_of(scene.known_key())).want(200).etag
    if not tag:
        raise Unanswered("a read has no header ETag")
    return {"quoted_tags": tag.removeprefix("W/").startswith('"')}


@question("whether keys of a service ID in another group are listed without the group", "keys_need_group")
def keys_need_group(scene: Scene) -> Answers:
    group = {"name": scene.name(), "account_id": scene.account_id}
    group_id = scene.iam.ask("POST", "/v1/serviceid_groups", group).want(201).text("id")
    key = scene.known_key(scene.robot(group_id=group_id))
    until(lambda: scene.is_listed(key, f"&group_id={group_id}"), "a new key is listed")
    return {"keys_need_group": not scene.is_listed(key)}


@question(
    "how the report on inactive identities looks",
    "report_unready_reads",
    "report_leaves_out_empty",
    "odd_report_times",
    costs="a new report takes the place of one that is older than a day",
)
def report(scene: Scene) -> Answers:
    begin = f"/v1/activity/accounts/{scene.account_id}/report"
    scene.known_key()
    reference = scene.iam.ask("POST", f"{begin}?type=inactive&duration=0").want(202).text("reference")
    if not re.fullmatch(r"[\w-]{1,200}", reference):
        raise Unanswered("the report has a reference that is none")
    answers: list[Reply] = []

    def is_ready() -> bool:
        answers.append(scene.iam.ask("GET", f"{begin}/{reference}").want(200, 204))
        return answers[-1].status == 200

    reads, told = until(is_ready, "the report is ready"), answers[-1]
    lists = ("users", "apikeys", "serviceids", "profiles")
    there = {name: told.entries(name) for name in lists if told.body.get(name) is not None}
    times = [str(each["last_authn"]) for entries in there.values() for each in entries if "last_authn" in each]
    empty = [name for name in lists if not there.get(name)]
    if not empty or not times:
        raise Unanswered("none of its lists is empty, or nothing in it ever logged in: it cannot be told from this one")
    return {
        "report_unready_reads": reads,
        "report_leaves_out_empty": any(name not in told.body for name in empty),
        "odd_report_times": any(re.search(r":\d\d:\d{3}[+]", moment) for moment in times),
    }


# Those of live_questions.py, and the ones above.
ALL_QUESTIONS = QUESTIONS
