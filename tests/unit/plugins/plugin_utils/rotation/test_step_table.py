# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of steps is whole, and what it announces and concludes is plain data."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import Policy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Done
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    ActName,
    Drawn,
    Step,
    StepName,
    View,
)

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
# The engine does these itself: it sleeps, moves files, and asks while it looks.
OF_THE_ENGINE = {"wait", "move", "observe"}


def test_every_step_has_a_row() -> None:
    assert STEPS.keys() | OF_THE_ENGINE == set(t.get_args(ActName))


def test_what_follows_at_once_is_a_step_or_a_rest() -> None:
    following = {name for kind in STEPS.values() for name in kind.next_at_once | kind.tells_next}
    rests, acts = (set(t.get_args(names)) for names in t.get_args(StepName))

    assert following <= rests | acts


@pytest.mark.parametrize("name", sorted(STEPS))
def test_no_write_shows_a_secret(name: ActName) -> None:
    secret = "a-secret-value-of-forty-four-characters-1234"
    record = Record(
        "3f9a2c7d",
        1,
        2,
        Current(1, "K1", NOW),
        Pending(2, NOW, secret),
        (Superseded(0, "K0", NOW, secret),),
    )
    slot = Slot("deploy", "secrets.yml", "deploy", "deploy", "iam-ServiceId-1", "acc", policy=Policy())
    view = View(slot, NOW, Loaded(record, secret), (OLD_KEY,), drawn=Drawn("3f9a2c7d", secret))
    key_id = "K1" if name in ("mark_leaked", "make_place") else "K0"
    step, kind = Step(name, "because", key_id), STEPS[name]

    announced = kind.announce(view, step, NOW)
    concluded = kind.conclude(view, step, Done(KEY), NOW)

    assert secret not in repr((announced, concluded, view))
    # The same again: nothing is kept between two calls.
    assert kind.announce(replace(view), step, NOW) == announced


KEY = ApiKey("K2", "deploy", "iam-ServiceId-1", "acc")
OLD_KEY = ApiKey("K0", "deploy", "iam-ServiceId-1", "acc")
