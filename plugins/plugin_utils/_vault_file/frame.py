# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is taken off a text before it is edited, and put back afterwards: mark, line ends, a missing final newline."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.large_texts import LastFew
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

_BOM = "\ufeff"
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class Frame:
    bom: str
    newline: str
    has_final_newline: bool

    def wrap(self, body: str, keeps_tail: bool) -> str:
        if keeps_tail and not self.has_final_newline:
            body = body.removesuffix("\n")
        return self.bom + body.replace("\n", self.newline)


def unwrap(text: str) -> tuple[Frame, str]:
    """The frame, and a body in which each line ends in a newline."""
    return FRAMES.of(text, True)


def _unwrap(text: str, _flag: bool) -> tuple[Frame, str]:
    bom = _BOM if text.startswith(_BOM) else ""
    body = text[len(bom) :]
    returns, pairs = body.count("\r"), body.count("\r\n")
    if returns != pairs or (pairs and pairs != body.count("\n")):
        raise CannotEdit(f"the file mixes several kinds of line ends (line {_odd_line(body)}); make them all alike")
    body = body.replace("\r\n", "\n")
    has_final_newline = not body or body.endswith("\n")
    frame = Frame(bom, "\r\n" if pairs else "\n", has_final_newline)
    return frame, body if has_final_newline else f"{body}\n"


FRAMES = LastFew(_unwrap, 4)


def plain_lines(text: str) -> str:
    """The text as YAML sees it: no mark, and newlines only."""
    return text.removeprefix(_BOM).replace("\r\n", "\n")


def _odd_line(body: str) -> int:
    """The first line that does not end as the first one does, or that ends in a carriage return alone."""
    ends = _LINE_END.findall(body)
    return next(number for number, end in enumerate(ends, 1) if end == "\r" or end != ends[0])
