# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task was told to be leaked, as items: an id or a value each, by where it was given."""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import Spec
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.pasted import take_apart
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.unwrapped import text_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import read_own_bytes

GIVEN: Spec = {
    "ids": {"type": "list", "elements": "str"},
    # A text with line breaks is one text: Ansible would part a list at its commas.
    "values": {"type": "raw", "no_log": True},
    "values_file": {"type": "path", "no_log": False},
}
FINGERPRINT_DIGITS = 10
MOST_RUNS_SHOWN = 20
LINE_OF = re.compile(r"line ([1-9][0-9]{0,8}) of (.+)", re.DOTALL)
ANY_ID = re.compile(r"ApiKey-[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Item:
    """One id, or one value with the ways to read it; `place` says where it was given.

    One that `must_be_found` is told as not found; any other is dropped, for it was only a guess.
    """

    place: str
    key_id: str | None = None
    readings: tuple[str, ...] = field(default=(), repr=False)
    must_be_found: bool = True


@dataclass(frozen=True)
class Given:
    """`items` in the order in which they were given; `lines` are the places of lines in which there is text.

    `problems` tell of what was given and can be no key at all.
    """

    items: tuple[Item, ...]
    lines: tuple[str, ...]
    problems: tuple[str, ...]

    def nothing_in(self, places: t.Collection[str]) -> list[str]:
        """The lines with text in which nothing was found: `places` are those where something was."""
        return [line for line in self.lines if line not in places]


def nothing_found(places: t.Iterable[str]) -> list[str]:
    """Lines of a report on places in which nothing was found: one for each text, so that a long log hides no answer."""
    texts: dict[str, list[range]] = {}
    for place in places:
        parts = LINE_OF.fullmatch(place)
        number, text = (int(parts[1]), parts[2]) if parts else (0, place)
        runs = texts.setdefault(text, [])
        begins = runs.pop().start if runs and runs[-1].stop == number else number
        runs.append(range(begins, number + 1))
    return [f"{_lines(runs)}{text}: nothing found here" for text, runs in texts.items()]


def _lines(runs: t.Sequence[range]) -> str:
    if runs[-1].stop == 1:
        return ""
    shown = runs[:MOST_RUNS_SHOWN]
    told = ", ".join(str(run.start) if len(run) == 1 else f"{run.start} to {run[-1]}" for run in shown)
    rest = sum(len(run) for run in runs[MOST_RUNS_SHOWN:])
    more = f" and {rest} more, the last of them {runs[-1][-1]}," if rest else ""
    return f"line{'s' if runs[0].start < runs[-1][-1] else ''} {told}{more} of "


def is_given(params: t.Mapping[str, t.Any]) -> bool:
    """Whether a task names anything at all."""
    return any(params.get(option) for option in GIVEN)


def given_items(params: t.Mapping[str, t.Any], protect: t.Callable[[str], None], option_prefix: str = "") -> Given:
    """Take apart what a task was given; each text that may be a value is protected before anything else is done.

    Raises TaskRefused for what cannot be read, and for more than can be looked up. Nothing is quoted.
    """
    texts = [
        (f"entry {number} of `{option_prefix}values`", text)
        for number, text in enumerate(_texts(params.get("values"), option_prefix), 1)
    ]
    if params.get("values_file"):
        texts.append((f"`{option_prefix}values_file`", _read(params["values_file"], option_prefix)))
    items = list(_ids_of(params.get("ids") or ()))
    lines: list[str] = []
    problems = []
    for name, text in texts:
        found, its_lines = take_items(text, name, protect, has_lines=name.endswith("file`"))
        lines += its_lines
        if not found:
            problems.append(f"nothing in {name} could be an API key or the id of one")
        items += found
    return Given(tuple(items), tuple(lines), tuple(problems))


def fingerprint(key_value: str) -> str:
    """What tells a value again and does not tell the value (docs/decisions/0047)."""
    return hashlib.sha256(key_value.encode("utf-8", errors="replace")).hexdigest()[:FINGERPRINT_DIGITS]


def _texts(values: t.Any, prefix: str) -> list[str]:
    listed = values if isinstance(values, list) else [] if values is None else [values]
    if not all(isinstance(text, str) for text in listed):
        raise TaskRefused(f"`{prefix}values` takes texts: one, or a list of them. Nothing was changed")
    for number, text in enumerate(listed, 1):
        if ANY_ID.fullmatch(text.strip()):
            raise TaskRefused(
                f"entry {number} of `{prefix}values` is the id of an API key: give it in `{prefix}ids`. "
                "Nothing was changed"
            )
    return [text for text in listed if text.strip()]


def _read(path: str, prefix: str) -> str:
    try:
        return text_of(read_own_bytes(path))
    except OSError as error:
        raise TaskRefused(f"{prefix}values_file {path} cannot be read: {error.strerror or error}") from None


def _ids_of(ids: t.Sequence[str]) -> t.Iterator[Item]:
    for number, text in enumerate(ids, 1):
        if not ANY_ID.fullmatch(text.strip()):
            raise TaskRefused(
                f"entry {number} of `ids` is not the id of one API key. Nothing was changed; give a list with one id "
                "in each entry, or a text with commas between them, such as ApiKey-1,ApiKey-2"
            )
        yield Item(f"entry {number} of `ids`", text.strip())


def take_items(
    text: str, name: str, protect: t.Callable[[str], None], *, has_lines: bool
) -> tuple[list[Item], list[str]]:
    """What could be a key in one text, and the places of its lines; `has_lines` counts them though it be one."""
    found = take_apart(text, name)
    for secret in found.secrets:
        protect(secret)
    has_lines = has_lines or len(found.lines) > 1

    def place(line: int) -> str:
        return f"line {line} of {name}" if has_lines else name

    items = [Item(place(line), key_id) for line, key_id in found.ids]
    items += [Item(place(each.line), None, each.readings, each.is_strong) for each in found.candidates]
    return items, [place(line) for line in found.lines]
