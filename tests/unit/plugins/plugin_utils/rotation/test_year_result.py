# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan as data and in lines: what is told, how much of it, what it costs, and that no value is in it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_lines import MOST_LINES, plan_lines
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Scene,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.test_rotation_task import run, slot

Data = dict[str, t.Any]


def plan(scene: Scene, *slots: Data, **others: t.Any) -> Data:
    return t.cast(Data, run(scene, *slots, check_mode=True, **others)["plan"])


def names(told: Data, number: int = 0) -> list[str]:
    return [step["step"] for step in told["slots"][number]["steps"]]


def due(*slots: Data) -> Scene:
    scene = Scene()
    run(scene, *slots)
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def test_a_run_has_no_plan_and_check_mode_has_one() -> None:
    scene = Scene()

    assert plan(scene, slot())["total"]["keys_made"] == 1
    assert "plan" not in run(scene, slot())


def test_what_begins_in_the_days_of_the_plan_is_told_to_its_end_and_nothing_after_it() -> None:
    scene = Scene()
    run(scene, slot())
    scene.pass_time(80 * DAY_SECONDS)

    assert names(plan(scene, slot(), plan_days=9)) == ["idle"]
    whole = ["idle", "intend", "publish", "overlap", "disable", "soak", "delete", "idle"]
    assert names(plan(scene, slot(), plan_days=10)) == whole


@pytest.mark.parametrize("days", [0, -1, 367, 10**9])
def test_days_that_make_no_plan_are_refused(days: int) -> None:
    scene = Scene()

    with pytest.raises(TaskRefused, match=r"plan_days is .*, and has to be from 1 to 366"):
        plan(scene, slot(), plan_days=days)
    with pytest.raises(TaskRefused):
        run(scene, slot(), plan_days=days)


def test_the_key_that_goes_is_told_with_its_last_log_in_and_what_it_hands_down() -> None:
    scene = due(slot(locked=True))
    (key,) = scene.keys().values()
    scene.client(Effects(), api_key=scene.value).log_in_with(str(scene.value))
    scene.pass_time(HOUR_SECONDS)

    told = plan(scene, slot(locked=True), on_previous_in_use="wait")

    (told_slot,) = told["slots"]
    disable = next(step for step in told_slot["steps"] if step["step"] == "disable")
    assert (disable["key_id"], disable["last_login_at"]) == (key.id, "2026-08-27T20:26+0000")
    assert disable["provided"] == "nobody logs in with it in the 24 hours before; otherwise it waits"
    assert "its lock" in told_slot["inherits"]
    assert told_slot["does_not_inherit"] == []
    assert any(f"disable {key.id}" in line for line in told["report"])


def test_it_costs_what_check_mode_costs_and_a_request_for_each_key_that_goes() -> None:
    slots = [slot(name) for name in ("a", "b", "c")]
    scene = Scene()
    run(scene, *slots)

    def requests(**others: t.Any) -> list[str]:
        scene.emulator.requests.clear()
        plan(scene, *slots, **others)
        return sorted(entry["path"] for entry in scene.emulator.requests if entry["path"].startswith("/v1/apikeys"))

    assert requests() == requests(plan_days=366) == ["/v1/apikeys"]
    scene.pass_time(91 * DAY_SECONDS)
    asked = [path for path in requests() if path.startswith("/v1/apikeys/ApiKey")]
    assert sorted(set(asked)) == sorted(f"/v1/apikeys/{key_id}" for key_id in [*scene.keys()])
    assert len(asked) == len(set(asked))


def test_no_value_is_in_it() -> None:
    scene = due(slot("a"), slot("b"))
    run(scene, slot("a"))
    values = {key.key_value for key in scene.keys().values()}

    told = json.dumps(plan(scene, slot("a"), slot("b"), slot("c"), plan_days=366))

    assert [value for value in values if value in told] == []
    assert "(value " not in told
    assert "drawn" not in told


def test_slots_of_one_owner_wait_for_each_other_s_places() -> None:
    scene = due(slot("a"), slot("b"))

    told = plan(scene, slot("a"), slot("b"), keys_per_identity=3)

    (owner,) = told["places"]
    assert (owner["limit"], owner["taken"], owner["free"], owner["needed"]) == (3, 2, 1, 2)
    assert [(wish["slot"], wish["begins_at"]) for wish in owner["waiting"]] == [("b", "2026-09-09T20:27+0000")]
    assert owner["frees"][0]["slot"] == "a"
    assert told["report"][-1].startswith(f"{scene.owner['iam_id']}: 2 of 3 places taken; 2 needed; free again")
    assert told["total"]["put_off"] == 1


def test_a_slot_that_fails_comes_first_and_is_counted() -> None:
    scene = due(slot("a"), slot("b"))
    scene.keys()[scene.store.records["b"].current.id].disabled = True  # type: ignore[union-attr]  # it is published

    told = plan(scene, slot("a"), slot("b"))

    assert told["total"]["need_a_person"] == 1
    assert told["report"][1].startswith("b: FAILED, the published key ")
    assert told["slots"][1]["now"]["step"] == "stop"


def test_of_many_slots_the_first_are_told_and_how_many_there_are_besides() -> None:
    step = {"step": "delete", "at": "2026-03-04T09:15+0000", "until": None, "rests": False, "key_id": "ApiKey-1"}
    step |= {"reason": "its soak is over", "last_login_at": "never", "provided": None}
    now = {"step": "delete", "reason": "its soak is over", "key_id": None, "created_at": None}
    busy = [
        {"name": f"s{number}", "now": now, "steps": [step], "inherits": [], "does_not_inherit": []}
        for number in range(500)
    ]
    rest = {**step, "step": "idle", "rests": True, "until": "2026-05-01T00:00+0000"}
    idle = [{**busy[0], "name": f"i{number}", "steps": [rest]} for number in range(1500)]
    total = {"slots": 2000, "change": 500, "need_a_person": 0, "put_off": 0}
    total |= {"keys_made": 0, "keys_disabled": 0, "keys_deleted": 500}
    whole = {"until": "2026-04-03T09:15+0000", "total": total, "slots": [*idle, *busy], "places": []}

    lines = plan_lines(whole)

    assert len(lines) <= MOST_LINES + 4
    assert lines[0].startswith(
        "PLAN of 2000 slots, rotations that begin until 2026-04-03, with a run each day: 500 change"
    )
    assert lines[2] == "    2026-03-04 09:15  delete ApiKey-1 (it never logged in)"
    assert lines[-2] == "... and 440 more slots change later: `plan.slots` has them all"
    assert lines[-1] == "1500 slots have nothing to do in this time; the first that goes on is i0, 2026-05-01"
