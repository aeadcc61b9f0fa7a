# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine text at the end of a key's description that ties it to a rotation: `[cloudkeys 3f9a2c7d/5]`."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_texts import MARKER

# What the name of a key ends with until it is the published one: a slot without markers shows by nothing else.
NEXT = " (next)"


@dataclass(frozen=True)
class Marker:
    """Which slot a key belongs to, and which of the slot's keys it is."""

    slot_id: str
    generation: int

    def __str__(self) -> str:
        return f"[cloudkeys {self.slot_id}/{self.generation}]"


# Every look at a slot asks this of each key of its owner again.
@functools.lru_cache(maxsize=4096)
def split_description(description: str | None) -> tuple[str, Marker | None]:
    """Take a description apart: what people wrote, and the marker if there is one."""
    text = description or ""
    found = MARKER.search(text)
    if not found:
        return text, None
    return text[: found.start()], Marker(found["slot_id"], int(found["generation"]))


def join_description(text: str, marker: Marker | None) -> str:
    """Put a description together again; the opposite of `split_description`."""
    return " ".join(part for part in (text, str(marker) if marker else "") if part)
