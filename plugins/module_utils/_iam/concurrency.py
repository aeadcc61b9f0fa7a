# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option `concurrency`: `auto`, or a number that nothing changes."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import FIRST_WIDTH, MOST_WIDTH, Pace

AUTO: t.Literal["auto"] = "auto"
NUMBER = re.compile("[0-9]{1,2}")

Concurrency = t.Union[int, t.Literal["auto"]]


def concurrency_from(given: t.Any) -> Concurrency:
    """What a task says, a number or its digits as a template leaves them; nothing is `auto`.

    Raises TaskRefused for anything else, a number out of bounds too.
    """
    if given is None or given == AUTO:
        return AUTO
    is_number = isinstance(given, int) and not isinstance(given, bool)
    if is_number or (isinstance(given, str) and NUMBER.fullmatch(given)):
        number = int(given)
        if 1 <= number <= MOST_WIDTH:
            return number
    raise TaskRefused(f"`concurrency` has to be `auto` or a number from 1 to {MOST_WIDTH}. Nothing was changed")


def threads_for(concurrency: Concurrency) -> int:
    """How many threads may be needed; the gate lets no more through than the pace allows."""
    return MOST_WIDTH if concurrency == AUTO else concurrency


def at_a_time(concurrency: Concurrency) -> int:
    """How many requests go side by side for certain."""
    return FIRST_WIDTH if concurrency == AUTO else concurrency


def pace_for(concurrency: Concurrency) -> Pace:
    return Pace(None if concurrency == AUTO else concurrency)
