# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/pictures/rotation.svg is what its tool draws, and has the ways that slots take; the guide tells all of them."""

from __future__ import annotations

import typing as t

import pytest
import rotation_diagram
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import RESTING, ActName
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.lives import LIVES, Life
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Scene
from tree import CHECKOUT

GUIDE = (CHECKOUT / "docs/rotation-explained.md").read_text(encoding="utf-8")
CHANGING = {"move", *(name for name, kind in STEPS.items() if kind.changes)}
ASIDE = {step for _y, steps, _note in rotation_diagram.ASIDES for step in steps}
Way = tuple[str, str, tuple[str, ...]]
# From where to where, and by which of the steps that a run tells; one way stands there in words only.
WAYS: set[Way] = {
    *(
        (arrow.start, arrow.end, tuple(step for step in steps if step in CHANGING))
        for arrow in rotation_diagram.ARROWS
        for steps in arrow.steps()
    ),
    *((arrow.end, arrow.start, ()) for arrow in rotation_diagram.ARROWS if arrow.both),
    ("hand_over", "idle", ("note_hand_over",)),
}


def way(start: str, taken: tuple[str, ...], end: str) -> set[Way] | None:
    """The arrows of a shortest way on which these steps are taken, those aside left out; None when there is none."""
    beginning = (start, tuple(step for step in taken if step not in ASIDE))
    ways: dict[tuple[str, tuple[str, ...]], set[Way]] = {beginning: set()}
    todo = [beginning]
    while todo:
        place, left = todo.pop(0)
        for arrow in sorted(WAYS):
            begins, ends, steps = arrow
            after = (ends, left[len(steps) :])
            if begins == place and left[: len(steps)] == steps and after not in ways:
                ways[after] = {*ways[place, left], arrow}
                todo.append(after)
    return ways.get((end, ()))


def test_the_picture_is_the_one_that_its_tool_draws() -> None:
    assert rotation_diagram.PICTURE.read_text(encoding="utf-8") == rotation_diagram.drawing(), "run `make diagram`"


def test_a_name_that_the_engine_does_not_know_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(t.cast("dict[str, tuple[int, int]]", rotation_diagram.STATES), "asleep", (0, 0))

    with pytest.raises(ValueError, match=r"states: \[\] missing, \['asleep'\] unknown"):
        rotation_diagram.drawing()


def test_the_guide_has_a_row_for_every_state_and_every_step() -> None:
    tables = GUIDE.split("## States and steps")[1].split("\n## ")[0]
    cells = [line.split("|")[1].strip() for line in tables.splitlines() if line.startswith("| `")]
    named = [name.strip(" `") for cell in cells for name in cell.split(",")]

    assert sorted(named) == sorted([*RESTING, *t.get_args(ActName)])


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_the_way_of_every_run_is_in_the_picture(life: t.Callable[[Scene], Life]) -> None:
    runs = [(start, outcome.taken, outcome.step.name) for start, outcome in life(Scene())]

    assert [run for run in runs if way(*run) is None] == []


def test_every_arrow_is_taken_by_some_run() -> None:
    runs = [(start, outcome.taken, outcome.step.name) for life in LIVES for start, outcome in life(Scene())]
    used = set().union(*(way(*run) or set() for run in runs))

    # Where a stopped run leaves a slot is no rest, so no run ends there.
    assert WAYS - used == {("idle", "announced", ())}


@pytest.mark.parametrize(
    ("start", "taken", "end"),
    [("idle", ("delete",), "idle"), ("staged", ("disable",), "soak"), ("overlap", ("publish",), "overlap")],
)
def test_a_way_that_no_run_takes_is_not_in_the_picture(start: str, taken: tuple[str, ...], end: str) -> None:
    assert way(start, taken, end) is None
