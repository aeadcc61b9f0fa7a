# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Draw docs/pictures/rotation.svg: the states of a slot, and the steps of the engine between them.

python tests/tools/rotation_diagram.py

What is drawn where stands in the tables below. Their names are those of the engine: one that it does not know, or one
of its own that is missing here, is an error.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from html import escape

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import ActName, RestName
from tree import CHECKOUT

PICTURE = CHECKOUT / "docs" / "pictures" / "rotation.svg"
WIDTH, HEIGHT = 420, 770

# The middle of every box. Those on the left, on the way of an ordinary rotation, are larger.
MAIN_X, SIDE_X = 200, 364
STATES: dict[RestName, tuple[int, int]] = {
    "idle": (MAIN_X, 70),
    "later": (SIDE_X, 70),
    "staged": (SIDE_X, 220),
    "hand_over": (MAIN_X, 280),
    "overlap": (MAIN_X, 370),
    "in_use": (SIDE_X, 352),
    "published": (SIDE_X, 426),
    "soak": (MAIN_X, 480),
    "gone": (MAIN_X, 560),
    "stop": (58, 738),
}
# Where only a run that was stopped leaves a slot; and where every slot begins, which is a dot.
BETWEEN = {"announced": (SIDE_X, 160), "made": (MAIN_X, 160)}
START = "start"


@dataclass(frozen=True)
class Label:
    """Words beside an arrow; `note` follows in small letters, and `ends` says that the place is where they end."""

    x: int
    y: int
    words: str = ""
    note: str = ""
    ends: bool = False


@dataclass(frozen=True)
class Arrow:
    """A way between two states: `ways` are the alternatives, each of steps one after the other ("a+b").

    "-" is a way without a step: time or the policy decides. One that goes `both` ways has steps in this direction only.
    """

    start: str
    end: str
    ways: str
    path: str
    labels: tuple[Label, ...] = ()
    both: bool = False

    def steps(self) -> list[tuple[ActName, ...]]:
        ways = [() if way == "-" else way.split("+") for way in self.ways.split()]
        return [tuple(t.cast("list[ActName]", way)) for way in ways]


ARROWS = [
    Arrow("start", "idle", "adopt -", "M200 30V50", (Label(210, 36, "adopt", ", or no key is there yet"),)),
    Arrow("idle", "later", "-", "M264 70H316", (Label(270, 63, note="put off"),), both=True),
    Arrow("idle", "made", "intend", "M222 88V140", (Label(229, 112, "intend"),)),
    Arrow("idle", "announced", "-", "M256 88 330 141", (Label(291, 108, note="the run was stopped"),)),
    Arrow("announced", "made", "create", "M320 160H263", (Label(273, 154, "create"),)),
    Arrow(
        *("made", "idle", "withdraw publish", "M165 142V91"),
        (Label(158, 110, "withdraw,", ends=True), Label(158, 127, "publish", " (first key)", ends=True)),
    ),
    Arrow("made", "staged", "prove", "M256 178 318 212", (Label(293, 192, "prove"),)),
    Arrow("staged", "hand_over", "publish", "M340 236 263 270", (Label(312, 265, "publish"),)),
    Arrow("made", "hand_over", "publish", "M200 178V260", (Label(207, 226, "publish"),)),
    Arrow(
        *("made", "overlap", "publish", "M140 164H124V358H140"),
        (
            Label(118, 212, "publish", ends=True),
            Label(118, 228, note="without", ends=True),
            Label(118, 243, note="hand-over", ends=True),
        ),
    ),
    Arrow(
        *("hand_over", "overlap", "note_hand_over", "M200 298V350"),
        (Label(207, 317, "note_hand_over"), Label(207, 332, note="(of a first key: then idle)")),
    ),
    Arrow("overlap", "in_use", "observe", "M264 366 316 354", (Label(262, 350, "observe"),), both=True),
    Arrow("overlap", "published", "-", "M252 388 322 414", both=True),
    Arrow("published", "soak", "-", "M322 438 252 462", both=True),
    Arrow("overlap", "soak", "disable", "M216 388V460", (Label(222, 429, "disable"),)),
    Arrow("overlap", "overlap", "roll_back", "M156 388V404H124V381H139", (Label(118, 402, "roll_back", ends=True),)),
    Arrow(
        *("soak", "overlap", "enable+roll_back", "M176 462V391"),
        (Label(169, 430, "enable,", ends=True), Label(169, 446, "roll_back", ends=True)),
    ),
    Arrow("soak", "idle", "delete", "M140 480H14V62H138", (Label(76, 475, "delete"),)),
    Arrow(
        *("idle", "overlap", "unpublish retire_found", "M140 78H34V370H137"),
        (Label(40, 299, "unpublish,"), Label(40, 316, "retire_found")),
    ),
    Arrow(
        *("soak", "gone", "delete+drop_record", "M200 498V540"),
        (Label(207, 517, "delete, drop_record"), Label(207, 532, note="(the slot is not wanted any more)")),
    ),
]
# Below the picture: steps that have no place of their own in it, and when they are taken.
ASIDES: list[tuple[int, tuple[ActName, ...], str]] = [
    (610, ("move", "wait", "copy", "finish_publishing"), "wherever they are needed"),
    (636, ("mark_leaked", "disable_leaked", "make_place"), "a key leaked"),
    (662, ("note_owners", "forget_order"), "of the record alone"),
    (688, ("sweep",), "where a slot rests: keys that stopped runs have left"),
]
STOP_NOTE = Label(112, 743, note="from anywhere: a person has to look")

HEAD = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"
  width="{WIDTH * 6 // 5}" height="{HEIGHT * 6 // 5}" role="img" aria-labelledby="title text">
  <!-- Made by `make diagram`, out of tests/tools/rotation_diagram.py. -->
  <title id="title">The states of a slot and the steps between them</title>
  <desc id="text">A slot is idle until its key is due. The step intend announces and makes a new key, prove logs in with
    it, publish writes it into the vault file. After the hand-over the old key is in its overlap, is disabled, rests in
    its soak, and is deleted; then the slot is idle again. Every step is described in the tables of
    docs/rotation-explained.md.</desc>
  <style>
    svg {{ --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #57606a; --rest: #ddf4ff; --edge: #0969da; }}
    @media (prefers-color-scheme: dark) {{
      svg {{ --paper: #151b23; --ink: #f0f6fc; --soft: #9da7b1; --line: #9198a1; --rest: #0c2d6b; --edge: #4493f8; }}
    }}
    .paper {{ fill: var(--paper); stroke: var(--line); stroke-opacity: .35; }}
    .state rect {{ fill: var(--rest); stroke: var(--edge); stroke-width: 1.5; }}
    .between rect {{ fill: var(--paper); stroke: var(--line); stroke-width: 1.5; stroke-dasharray: 5 3; }}
    .dot {{ fill: var(--ink); }}
    text {{ font: 13px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }}
    .state text, .between text {{ text-anchor: middle; font-weight: 600; font-size: 12.5px; }}
    .arrow text {{ paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }}
    .note {{ font-size: 11.5px; fill: var(--soft); }}
    .end {{ text-anchor: end; }}
    path {{ fill: none; stroke: var(--line); stroke-width: 1.5; marker-end: url(#head); }}
    .both path {{ marker-start: url(#head); }}
    .idly path {{ stroke-dasharray: 4 3; }}
    marker path {{ fill: var(--line); stroke: none; marker: none; }}
  </style>
  <defs>
    <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
      <path d="M0 0 8 4 0 8z"/>
    </marker>
  </defs>
  <rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>
"""


def drawing() -> str:
    """The picture; raises ValueError when its tables and the engine do not have the same names."""
    check_names()
    lines = [_arrow(arrow) for arrow in ARROWS]
    lines.append(f'<circle class="dot" cx="{MAIN_X}" cy="22" r="7"/>')
    lines += [_box("state", name, *middle) for name, middle in STATES.items()]
    lines += [_box("between", name, *middle) for name, middle in BETWEEN.items()]
    lines += [_text(Label(14, y, ", ".join(steps), f" {note}")) for y, steps, note in ASIDES]
    lines.append(_text(STOP_NOTE))
    return HEAD + "".join(f"  {line}\n" for line in lines) + "</svg>\n"


def check_names() -> None:
    """Raise ValueError unless every state and every step has its one place, and is written where it is."""
    drawn = {step for arrow in ARROWS for way in arrow.steps() for step in way}
    aside = [step for _y, steps, _note in ASIDES for step in steps]
    _check_same("states", set(STATES), set(t.get_args(RestName)))
    _check_same("steps", drawn | set(aside), set(t.get_args(ActName)))
    _check_same("steps with two places", drawn & set(aside), set())
    # A slot gets to `stop` from anywhere, so no arrow leads there.
    ends = {place for arrow in ARROWS for place in (arrow.start, arrow.end)}
    _check_same("ends of arrows", ends, {START, *BETWEEN, *STATES} - {"stop"})
    for arrow in ARROWS:
        written = {word for label in arrow.labels for word in label.words.replace(",", " ").split()}
        meant = {step for way in arrow.steps() for step in way}
        _check_same(f"words from {arrow.start} to {arrow.end}", written, meant)


def _check_same(what: str, here: t.AbstractSet[str], wanted: t.AbstractSet[str]) -> None:
    if here != wanted:
        raise ValueError(f"{what}: {sorted(wanted - here)} missing, {sorted(here - wanted)} unknown")


def _arrow(arrow: Arrow) -> str:
    is_idle = not any(arrow.steps()) or arrow.both
    kinds = ["arrow", *(["both"] if arrow.both else []), *(["idly"] if is_idle else [])]
    return f'<g class="{" ".join(kinds)}"><path d="{arrow.path}"/>{"".join(map(_text, arrow.labels))}</g>'


def _box(kind: str, name: str, x: int, y: int) -> str:
    is_small = x == SIDE_X or name == "stop"
    width, height = (88, 32) if is_small else (120, 36)
    corners = f' rx="{height // 2}"' if kind == "state" else ""
    rect = f'<rect x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}"{corners}/>'
    return f'<g class="{kind}">{rect}<text x="{x}" y="{y + 5}">{name}</text></g>'


def _text(label: Label) -> str:
    kinds = [*(["note"] if not label.words else []), *(["end"] if label.ends else [])]
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    note = f'<tspan class="note">{escape(label.note)}</tspan>' if label.words and label.note else escape(label.note)
    return f'<text{kind} x="{label.x}" y="{label.y}">{escape(label.words)}{note}</text>'


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
