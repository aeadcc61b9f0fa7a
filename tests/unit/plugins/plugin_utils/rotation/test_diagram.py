# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/pictures/rotation.svg shows the states and steps of the engine, and the ways that slots take."""

from __future__ import annotations

import itertools
import typing as t
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import RESTING, ActName
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)

ROOT = Path(__file__).resolve().parents[5]
PICTURE = ET.parse(ROOT / "docs/pictures/rotation.svg").getroot()
GUIDE = (ROOT / "docs/rotation-explained.md").read_text(encoding="utf-8")
TABLES = GUIDE.split("## States and steps")[1].split("\n## ")[0]
CHANGING = {"move", *(name for name, kind in STEPS.items() if kind.changes)}
# Where a slot is before its first run, and the two places where only a run that was stopped can leave it.
UNSEEN = {"start", "announced", "made"}


@dataclass(frozen=True)
class Arrow:
    """One way to go along an arrow; no steps when time or the policy decides."""

    start: str
    steps: tuple[str, ...]
    end: str

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(step for step in self.steps if step in CHANGING)


def groups(kind: str) -> list[ET.Element]:
    return [group for group in PICTURE.findall(".//{*}g") if kind in (group.get("class") or "").split()]


def steps_of(group: ET.Element) -> list[tuple[str, ...]]:
    words = (group.get("data-steps") or "").split()
    return [() if word == "-" else tuple(word.split("+")) for word in words]


def arrows() -> list[Arrow]:
    found = []
    for group in groups("arrow"):
        start, end = str(group.get("data-from")), str(group.get("data-to"))
        found += [Arrow(start, steps, end) for steps in steps_of(group)]
        if "both" in (group.get("class") or "").split():
            found += [Arrow(end, (), start)]
    return found


def asides() -> set[str]:
    return {step for group in groups("aside") for steps in steps_of(group) for step in steps}


def states() -> set[str]:
    return {str(group.get("data-name")) for group in groups("state")}


def way(start: str, taken: tuple[str, ...], end: str) -> list[Arrow] | None:
    """The shortest way through the picture on which these steps are taken, those aside left out."""
    steps = tuple(step for step in taken if step not in asides())
    ways: list[tuple[str, tuple[str, ...], list[Arrow]]] = [(start, steps, [])]
    been = set()
    while ways:
        place, left, path = ways.pop(0)
        if (place, left) == (end, ()):
            return path
        if (place, left) in been:
            continue
        been.add((place, left))
        for arrow in arrows():
            if arrow.start == place and left[: len(arrow.taken)] == arrow.taken:
                ways.append((arrow.end, left[len(arrow.taken) :], [*path, arrow]))
    return None


def test_the_picture_has_every_state_and_no_other() -> None:
    between = {str(group.get("data-name")) for group in groups("between")}

    assert states() == RESTING
    assert between == UNSEEN - {"start"}
    assert {place for arrow in arrows() for place in (arrow.start, arrow.end)} | {"stop"} == RESTING | UNSEEN


def test_the_picture_has_every_step_and_no_other() -> None:
    drawn = {step for arrow in arrows() for step in arrow.steps}

    assert drawn | asides() == set(t.get_args(ActName))
    assert drawn & asides() == set()


@pytest.mark.parametrize("kind", ["arrow", "aside"])
def test_what_is_written_beside_an_arrow_is_what_it_means(kind: str) -> None:
    for group in groups(kind):
        words = " ".join(" ".join(group.itertext()).replace(",", " ").split()).split()
        assert [step for steps in steps_of(group) for step in steps if step not in words] == []


def test_what_is_written_in_a_box_is_its_name() -> None:
    for group in groups("state") + groups("between"):
        assert "".join(group.itertext()) == group.get("data-name")


def test_the_guide_has_a_row_for_every_state_and_every_step() -> None:
    cells = [line.split("|")[1].strip() for line in TABLES.splitlines() if line.startswith("| `")]
    named = [name.strip(" `") for cell in cells for name in cell.split(",")]

    assert sorted(named) == sorted([*RESTING, *t.get_args(ActName)])


# ---- lives of slots, and the way of each run through the picture

Life = t.Iterator[tuple[str, SlotOutcome]]


def ordinary(scene: Scene) -> Life:
    """Made, replaced, disabled, deleted; and put off for a day, and looked at between the stages."""
    yield "start", scene.run()[0]
    scene.pass_time(91 * DAY_SECONDS)
    yield "idle", scene.run(probed_ids=frozenset())[0]
    yield "later", scene.run()[0]
    scene.pass_time(4 * DAY_SECONDS)
    yield "overlap", scene.run(until="published")[0]
    yield "published", scene.run()[0]
    scene.pass_time(8 * DAY_SECONDS)
    yield "soak", scene.run(until="published")[0]
    yield "published", scene.run()[0]


def probed_and_handed_over(scene: Scene) -> Life:
    slot = replace(scene.slot, has_hand_over=True)
    scene.run(slot, handed_over_ids=frozenset())
    first = scene.record.current
    scene.run(slot, handed_over_ids=frozenset({first.id if first else ""}))
    scene.pass_time(91 * DAY_SECONDS)
    yield "idle", scene.run(slot, until="staged")[0]
    yield "staged", scene.run(slot)[0]
    current = scene.record.current
    yield "hand_over", scene.run(slot, handed_over_ids=frozenset({current.id if current else ""}))[0]


def handed_over_without_a_probe(scene: Scene) -> Life:
    slot = replace(scene.slot, has_hand_over=True)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    first = scene.record.current
    scene.run(slot, handed_over_ids=frozenset({first.id if first else ""}), probed_ids=frozenset())
    yield "idle", scene.run(slot)[0]


def withdrawn(scene: Scene) -> Life:
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    (staged,) = scene.run(until="staged")
    ids = frozenset({staged.pending_id or ""})
    # The key is on its way, so what is withdrawn starts where it was made; `staged` is only how far the run went.
    yield "made", scene.run(until="staged", withdraw_ids=ids, probed_ids=frozenset())[0]


def stopped_before_the_create(scene: Scene) -> Life:
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys"))
    yield "announced", scene.run()[0]


def adopted(scene: Scene) -> Life:
    scene.slot = scene.make_slot("deploy", on_missing_record="adopt")
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = made["apikey"]
    yield "start", scene.run()[0]


def found_key_retired(scene: Scene) -> Life:
    found = scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])
    yield "start", scene.run()[0]
    yield "idle", scene.run(replace(scene.slot, retire_ids=frozenset({found["id"]})))[0]


def rolled_back(scene: Scene) -> Life:
    scene.run()
    first = scene.record.current
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.pass_time(4 * DAY_SECONDS)
    yield "overlap", scene.run()[0]
    yield "soak", scene.run(rollback_to_ids=frozenset({first.id if first else ""}))[0]


def in_use_after_its_overlap(scene: Scene) -> Life:
    scene.slot = scene.make_slot("deploy", on_previous_in_use="wait")
    scene.run()
    old_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.pass_time(4 * DAY_SECONDS)
    scene.client(Effects(), api_key=old_value).caller()
    yield "overlap", scene.run()[0]
    scene.pass_time(2 * DAY_SECONDS)
    yield "in_use", scene.run()[0]


def leaked(scene: Scene) -> Life:
    scene.run()
    current = scene.record.current
    yield "idle", scene.run(compromised_ids=frozenset({current.id if current else ""}))[0]


def ended(scene: Scene) -> Life:
    scene.run()
    unwanted = replace(scene.slot, is_wanted=False)
    yield "idle", scene.run(unwanted)[0]
    scene.pass_time(4 * DAY_SECONDS)
    yield "overlap", scene.run(unwanted)[0]
    scene.pass_time(8 * DAY_SECONDS)
    yield "soak", scene.run(unwanted)[0]


LIVES = [
    ordinary,
    probed_and_handed_over,
    handed_over_without_a_probe,
    withdrawn,
    stopped_before_the_create,
    adopted,
    found_key_retired,
    rolled_back,
    in_use_after_its_overlap,
    leaked,
    ended,
]


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_the_way_of_every_run_is_in_the_picture(life: t.Callable[[Scene], Life]) -> None:
    runs = [(start, outcome.taken, outcome.step.name) for start, outcome in life(Scene())]

    assert [run for run in runs if way(*run) is None] == []


def test_every_arrow_is_taken_by_some_run() -> None:
    ways = [way(start, outcome.taken, outcome.step.name) for life in LIVES for start, outcome in life(Scene())]
    used = set(itertools.chain.from_iterable(found or [] for found in ways))

    # Where a stopped run leaves a slot is no rest, so no run starts or ends there, but in `stopped_before_the_create`.
    assert {arrow for arrow in arrows() if arrow not in used} == {Arrow("idle", (), "announced")}


@pytest.mark.parametrize(
    ("start", "taken", "end"),
    [("idle", ("delete",), "idle"), ("staged", ("disable",), "soak"), ("overlap", ("publish",), "overlap")],
)
def test_a_way_that_no_run_takes_is_not_in_the_picture(start: str, taken: tuple[str, ...], end: str) -> None:
    assert way(start, taken, end) is None
