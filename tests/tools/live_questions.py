# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What only the real service can tell about keys: each question, asked with a throw-away service ID.

An answer is a mapping of settings of the emulator. What does not fit into one raises Unanswered: nothing is guessed.
"""

from __future__ import annotations

import secrets
import typing as t
from dataclasses import dataclass

from live_requests import Body, Reply, Scene, Unanswered, path_of, until

Answers = dict[str, int | str | bool]
Ask = t.Callable[[Scene], Answers]
LONG_AGO = "2020-01-01T00:00+0000"
YEARS_AHEAD = "2099-01-01T00:00+0000"


@dataclass(frozen=True)
class Question:
    """What is asked, and which settings of the emulator are the answer; `costs` is why it is asked by name only."""

    about: str
    settings: tuple[str, ...]
    ask: Ask
    costs: str = ""


QUESTIONS: list[Question] = []


def question(about: str, *settings: str, costs: str = "") -> t.Callable[[Ask], Ask]:
    def keep(ask: Ask) -> Ask:
        QUESTIONS.append(Question(about, settings, ask, costs))
        return ask

    return keep


def refusal(answers: dict[str, Reply]) -> int:
    """The one status with which all of these were refused; the emulator knows no more than one."""
    told = ", ".join(f"{what}: {answer.status} {answer.code}".strip() for what, answer in answers.items())
    statuses = {answer.status for answer in answers.values()}
    if len(statuses) > 1 or not 400 <= min(statuses) < 500:
        raise Unanswered(f"the emulator has one refusal for all of these, and this is none: {told}")
    return statuses.pop()


@question("how many reads, lists and log-ins do not know a new key", "unknown_reads")
def unknown_reads(scene: Scene) -> Answers:
    key = scene.key()
    ways: dict[str, t.Callable[[], bool]] = {
        "reads": lambda: scene.iam.ask("GET", path_of(key)).want(200, 404).status == 200,
        "looks by value": lambda: _is_found_by_value(scene, key),
        "lists": lambda: scene.is_listed(key),
        "log-ins": lambda: scene.iam.log_in(key["apikey"]).status == 200,
    }
    counts = dict.fromkeys(ways, 0)
    waiting = list(ways)
    while waiting:
        waiting = [way for way in waiting if not ways[way]()]
        counts.update({way: counts[way] + 1 for way in waiting})
        if max(counts.values()) > 30:
            raise Unanswered(f"a new key was still unknown after 30 {waiting[0]}")
    return {"unknown_reads": max(counts.values())}


def _is_found_by_value(scene: Scene, key: Body) -> bool:
    return scene.iam.ask("GET", "/v1/apikeys/details", IAM_ApiKey=key["apikey"]).want(200, 400, 404).status == 200


@question("how many lists show a key as it was before a change", "stale_pages")
def stale_pages(scene: Scene) -> Answers:
    key = scene.known_key()
    until(lambda: scene.is_listed(key), "a new key is listed")
    scene.update(key, description="changed").want(200)

    def shows_change() -> bool:
        return any(each.get("description") == "changed" for each in scene.listed(key["iam_id"]))

    return {"stale_pages": until(shows_change, "a change is listed")}


@question("with what a write on something locked is refused", "locked_write_status")
def locked_writes(scene: Scene) -> Answers:
    robot = scene.robot()
    key = scene.known_key(robot)
    for locked in (key, robot):
        scene.iam.ask("POST", f"{path_of(locked)}/lock").want(204)
    answers = {
        "update of a key": scene.update(key, description="locked"),
        "update of a service ID": scene.update(robot, description="locked"),
        "disable": scene.iam.ask("POST", f"{path_of(key)}/disable"),
        "delete of a key": scene.iam.ask("DELETE", path_of(key)),
    }
    return {"locked_write_status": refusal(answers)}


@question("with what an update of an old version is refused", "stale_tag_status")
def stale_tag(scene: Scene) -> Answers:
    key = scene.known_key()
    first = scene.iam.ask("GET", path_of(key)).want(200).text("entity_tag")
    scene.update(key, first, description="first").want(200)
    return {"stale_tag_status": refusal({"update": scene.update(key, first, description="second")})}


@question("what is answered when a key is so already", "already_so_status")
def already_so(scene: Scene) -> Answers:
    key = scene.known_key()
    answers = {}
    for flag in ("lock", "disable"):
        for method in ("POST", "DELETE"):
            scene.iam.ask(method, f"{path_of(key)}/{flag}").want(204)
            answers[f"{method} {flag}"] = scene.iam.ask(method, f"{path_of(key)}/{flag}")
    if {answer.status for answer in answers.values()} == {204}:
        return {"already_so_status": 204}
    return {"already_so_status": refusal(answers)}


@question("with what a value that is taken is refused", "duplicate_value_status")
def duplicate_value(scene: Scene) -> Answers:
    robot, own = scene.robot(), secrets.token_urlsafe(33)
    scene.known_key(robot, apikey=own)
    return {"duplicate_value_status": refusal({"create": scene.try_key(robot, apikey=own)})}


@question(
    "how soon, and with what, a disabled key stops logging in",
    "disabled_logins",
    "disabled_login_status",
    "disabled_login_code",
)
def disabled_login(scene: Scene) -> Answers:
    key = scene.known_key()
    scene.iam.ask("POST", f"{path_of(key)}/disable").want(204)
    logins, answer = _last_login(scene, key)
    return {
        "disabled_logins": logins,
        "disabled_login_status": refusal({"log-in": answer}),
        "disabled_login_code": _code_of(answer),
    }


@question("with what an expired key is refused", "expired_login_status", "expired_login_code")
def expired_login(scene: Scene) -> Answers:
    key = scene.known_key()
    scene.update(key, expires_at=LONG_AGO).want(200)
    _logins, answer = _last_login(scene, key)
    return {"expired_login_status": refusal({"log-in": answer}), "expired_login_code": _code_of(answer)}


def _last_login(scene: Scene, key: Body) -> tuple[int, Reply]:
    """How often a key still logged in, and how it was refused then."""
    answers: list[Reply] = []

    def is_refused() -> bool:
        answers.append(scene.iam.log_in(key["apikey"]))
        return answers[-1].status != 200

    return until(is_refused, "the key is refused"), answers[-1]


def _code_of(answer: Reply) -> str:
    if not answer.code:
        raise Unanswered(f"the refusal with {answer.status} has no code")
    return answer.code


@question("whether a create takes an expiry that is past", "creates_take_past_expiry")
def past_expiry(scene: Scene) -> Answers:
    answer = scene.try_key(scene.robot(), expires_at=LONG_AGO).want(201, 400)
    return {"creates_take_past_expiry": answer.status == 201}


@question("whether an empty expiry takes it away", "empty_expiry_clears")
def empty_expiry(scene: Scene) -> Answers:
    key = scene.known_key(expires_at=YEARS_AHEAD)
    answer = scene.update(key, expires_at="").want(200, 400)
    has_expiry = bool(scene.iam.ask("GET", path_of(key)).want(200).entity().get("expires_at"))
    if has_expiry is (answer.status == 200):
        there = "there" if has_expiry else "gone"
        raise Unanswered(f"the update came back with {answer.status}, and the expiry is {there}")
    return {"empty_expiry_clears": not has_expiry}


@question("what IBM does to a key that leaks, if nothing else was said", "default_action_when_leaked")
def default_action(scene: Scene) -> Answers:
    action = scene.key().get("action_when_leaked")
    if action not in ("none", "disable", "delete"):
        raise Unanswered("the answer to a create does not say it")
    return {"default_action_when_leaked": str(action)}
