# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a step takes for granted, because the plan chooses no step that lacks it."""

from __future__ import annotations

import typing as t

T = t.TypeVar("T")


def needed(value: T | None, what: str) -> T:
    """The value; raises ValueError when the plan and the step do not fit together."""
    if value is None:
        raise ValueError(f"this step needs {what}")
    return value
