# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `ansible-doc` shows of each module, lookup and role, with the fragments put in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OURS = "cloudkeys.ibmcloud."
# One that says "See O(...)" of another plugin has its words there.
ELSEWHERE = "See O(cloudkeys.ibmcloud."

Members = dict[str, dict[str, t.Any]]


@dataclass(frozen=True)
class Manual:
    """One manual as plain data."""

    kind: str
    name: str
    doc: dict[str, t.Any]
    examples: str = ""
    returns: Members = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.name.removeprefix(OURS)}"

    @property
    def options(self) -> Members:
        """Every option by its path, those of dictionaries included: `keys`, `keys.name`."""
        return dict(_flat(self.doc.get("options") or {}, ("suboptions", "options")))

    @property
    def values(self) -> Members:
        """Every returned value by its path."""
        return dict(_flat(self.returns, ("contains",)))


def _flat(members: Members, nested_in: tuple[str, ...], above: str = "") -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    for name, member in members.items():
        yield above + name, member
        for place in nested_in:
            yield from _flat(member.get(place) or {}, nested_in, f"{above}{name}.")


def read_all() -> list[Manual]:
    """The manuals of this checkout, as `ansible-doc` puts them together."""
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-doc"), "--metadata-dump", "--no-fail-on-errors", OURS.rstrip(".")],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)["all"]
    plugins = [(kind, name, about) for kind in ("module", "lookup") for name, about in found[kind].items()]
    roles = [(name, about["entry_points"]["main"]) for name, about in found["role"].items()]
    return [
        *(Manual(kind, name, one["doc"], one["examples"], one.get("return") or {}) for kind, name, one in plugins),
        *(Manual("role", name, doc) for name, doc in roles),
    ]


def sentences(text: t.Any) -> list[str]:
    """The paragraphs of a description, which is one text or a list of them."""
    return [text] if isinstance(text, str) else list(text or [])
