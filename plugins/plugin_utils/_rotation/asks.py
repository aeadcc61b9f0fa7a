# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a slot asks of its round. A step is a generator: it yields these and is sent the answers.

So a step reads from top to bottom, and still many slots share one list, one commit and one pause.
"""

from __future__ import annotations

import typing as t
from collections.abc import Generator
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record


@dataclass(frozen=True)
class Look:
    """Read the record, and then list the keys; answered with a `Looked`.

    For a glance a list of the whole account will do, where the record has nothing on its way.
    """

    is_glance: bool = False


@dataclass(frozen=True)
class Commit:
    """Write the record, and the variable if a value is given; answered with a new `Loaded` or a thrown CommitLost."""

    record: t.Optional[Record]
    published_value: t.Optional[str] = field(default=None, repr=False)
    removes_value: bool = False


@dataclass(frozen=True)
class Copy:
    """Bring the slot's copies in line with its variable, in the order of declaration; answered with None."""


@dataclass(frozen=True)
class Move:
    """Bring the slot here from where it was; answered with whether there was anything to move, or a CommitLost."""


@dataclass(frozen=True)
class Pause:
    """Go on after so many seconds; `why` is told to the user when there is one."""

    seconds: float
    why: t.Optional[str] = None


Ask = t.Union[Look, Commit, Copy, Move, Pause]
Steps = Generator[Ask, t.Any, None]
