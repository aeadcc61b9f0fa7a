# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One rule for what `concurrency` may be, wherever it stands."""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import (
    AUTO,
    at_a_time,
    concurrency_from,
    threads_for,
)


@pytest.mark.parametrize(
    ("given", "meant"), [(None, AUTO), ("auto", AUTO), (1, 1), (32, 32), ("8", 8), ("32", 32), ("08", 8)]
)
def test_auto_or_a_number(given: t.Any, meant: t.Any) -> None:
    assert concurrency_from(given) == meant


@pytest.mark.parametrize(
    "given",
    [
        *(0, -1, 33, 10**9, True, False, 8.0, 8.5, math.nan, math.inf),
        *("", " ", "0", "33", "-1", "+8", "8.0", "1e3", "1_0", "\u0668", "true", "nan", "Auto", "auto ", "8\n"),
        *([], [8], {}, {"auto": 8}, b"8"),
    ],
)
def test_anything_else_is_refused(given: t.Any) -> None:
    with pytest.raises(TaskRefused, match="`concurrency` has to be `auto` or a number from 1 to 32"):
        concurrency_from(given)


def test_auto_has_threads_for_the_most_and_is_counted_as_the_least() -> None:
    assert (threads_for(AUTO), at_a_time(AUTO)) == (32, 8)
    assert (threads_for(3), at_a_time(3)) == (3, 3)
