# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the user declared: the slots, and what is asked of this run."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import NEXT
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import Policy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    Path,
    Typed,
    overlap,
    parse_path,
)

LEAK_RESPONSES = ("disable_first", "replace_first")
STAGES = ("staged", "published", "retired")


class SlotStopped(CloudkeysError):
    """A slot cannot go on and says why; nothing was changed by the step that raised it."""


@dataclass(frozen=True)
class Orders:
    """What the user asks of this run beside the policy. Keys are named by id, so an order is carried out only once.

    With `probed_ids` only these new keys are published, and no rotation is begun after the stage `staged`.
    """

    until: str = "retired"
    compromised_ids: frozenset[str] = frozenset()
    leak_response: str = "disable_first"
    rollback_to_ids: frozenset[str] = frozenset()
    withdraw_ids: frozenset[str] = frozenset()
    probed_ids: frozenset[str] | None = None
    handed_over_ids: frozenset[str] = frozenset()
    verify_values: bool = False
    # Nothing is done but what a leak asks for.
    only_leaked: bool = False

    @property
    def may_begin(self) -> bool:
        return self.probed_ids is None or self.until == "staged"

    def may_publish(self, key_id: str) -> bool:
        return self.until != "staged" and (self.probed_ids is None or key_id in self.probed_ids)


@dataclass(frozen=True)
class Place:
    """A variable in a vault file, or an entry of one: `variable` is the one text for its path (see `canonical`)."""

    file: str
    variable: str

    @property
    def path(self) -> Path:
        return parse_path(self.variable, "variable")


def foreign_copy(place: Place) -> str:
    """Why a copy is not written."""
    return (
        f"{place.variable} of {place.file}, a copy, holds a value that is none of this slot's: somebody else put it "
        "there, and it may be the only copy. It is left as it is; remove that variable, or take it off `copies`"
    )


@dataclass(frozen=True)
class Slot:
    """One place where a key is used: an identity, a key name, a vault file and a variable in it, or an entry of one.

    `has_hand_over` says that the user has tasks to run after publishing, so the overlap begins when those succeed.
    `problem` is why the slot cannot even be looked at.
    """

    name: str
    file: str
    variable: str
    key_name: str
    iam_id: str
    account_id: str
    description: str | None = None
    locked: bool = False
    is_wanted: bool = True
    has_hand_over: bool = False
    use_marker: bool = True
    copies: tuple[Place, ...] = ()
    moved_from: Place | None = None
    retire_ids: frozenset[str] = frozenset()
    # Of the user, for the user's own tasks: nothing here depends on it.
    data: dict[str, t.Any] = field(default_factory=dict, compare=False)
    problem: str | None = None
    policy: Policy = field(default_factory=Policy)

    @property
    def place(self) -> Place:
        return Place(self.file, self.variable)

    @property
    def files(self) -> tuple[str, ...]:
        """The file of the slot, and those of its copies."""
        return (self.file, *(place.file for place in self.copies))

    @property
    def is_found_by_number(self) -> bool:
        """Whether the place is another one as soon as somebody puts an item in front of it."""
        return any(isinstance(step, Typed) and step.kind == "int" for step in self.place.path)

    @property
    def next_key_name(self) -> str:
        """What a successor is called until it is published."""
        return self.key_name + NEXT

    def is_unfinished_name(self, name: str) -> bool:
        """Whether a key is still called as before it was published, be it by the name that the slot had then."""
        return name.endswith(NEXT) and name != self.key_name

    @property
    def before_move(self) -> Slot | None:
        """The slot as it was declared where it is moved from."""
        place = self.moved_from
        return replace(self, file=place.file, variable=place.variable, copies=(), moved_from=None) if place else None


def check_slots(slots: t.Sequence[Slot]) -> None:
    """Refuse slots that would work against each other; raises SlotStopped."""
    places: dict[tuple[str, object], list[tuple[Place, str]]] = {}
    names: dict[tuple[str, str], str] = {}
    for slot in slots:
        before = [slot.moved_from] if slot.moved_from and slot.moved_from not in slot.copies else []
        for place in (slot.place, *slot.copies, *before):
            # Only what begins with the same variable can overlap.
            near = places.setdefault((place.file, place.path[0]), [])
            for other, name in near:
                if overlap(place.path, other.path):
                    raise SlotStopped(_both_use(name, other, slot.name, place))
            near.append((place, slot.name))
        key = (slot.iam_id or slot.name, slot.key_name)
        if key in names:
            what = f"the key name {slot.key_name!r} of {slot.iam_id}"
            raise SlotStopped(f"the slots {names[key]} and {slot.name} both use {what}; nothing was changed")
        names[key] = slot.name


def _both_use(name: str, place: Place, other_name: str, other: Place) -> str:
    if place == other:
        what = f"both use the variable {place.variable} of {place.file}"
    else:
        what = (
            f"use {place.variable} and {other.variable} of {place.file}, which are or may be one place, or one inside "
            "the other; pick items of one list by the same members"
        )
    return f"the slots {name} and {other_name} {what}; nothing was changed"
