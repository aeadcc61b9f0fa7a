# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What could be an API key in a text as somebody found it: a list, a log, a diff, JSON, a mail. Pure.

A candidate is told by where it stands, never by what it says. Values have the forms of iam-facts.md 3.2.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.unwrapped import (
    MARKS,
    decoded,
    plain_lines,
    unescaped,
)

LONGEST_TEXT = 1_000_000
MOST_CANDIDATES = 500
IBM_LENGTH = 44
LONGEST_RUN = 110
SHORTEST_OWN = 32

_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ID = re.compile(rf"(?i:apikey)-({_UUID})(?![0-9a-zA-Z])")
# What has the look of a value and is none: it is not even looked up.
NO_VALUE = re.compile(
    rf"crn:v1:[!-~]*|(?:(?<![A-Za-z-])[A-Za-z]{{1,20}}-){{0,1}}(?:[A-Za-z]{{1,20}}-){{0,2}}{_UUID}|(?<![0-9A-Za-z])[0-9]{{1,9}}-[0-9a-f]{{32}}(?![0-9A-Za-z])"
)
JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
RUN = re.compile(r"[A-Za-z0-9_-]+")
WHOLE = re.compile(r"\s*(?:[-*+>]\s+|\d+[.):]\s+)?[\"'`]?([!-~]{32,128}?)[\"'`]?[,;]?\s*")
QUOTED = re.compile(r"([\"'`])([!-~]{32,128}?)\1")
ASSIGNED = re.compile(r"(?:[:=]|=>|<-)\s*([A-Za-z0-9_-]{32,128})(?![A-Za-z0-9_-])")
NAMED = re.compile(
    r"api[\s_.-]{0,2}keys?(?:[_-]?(?:value|secret|token|pw|password))?[\"'`\\]{0,3}\s*(?:[:=]>?|=>)\s*[\"'`\\]{0,3}(?=([!-~]{8,128}))",
    re.IGNORECASE,
)
NAMED_BY_BLANK = re.compile(
    r"api[\s_.-]{0,2}key(?:[_-]?value)?[\"'`]?\s+(?:is\s+)?[\"'`]?([A-Za-z0-9_-]{32,128})(?![A-Za-z0-9_-])",
    re.IGNORECASE,
)
HEAD = re.compile(r"([A-Za-z0-9_-]{4,})[=\\]?\s*\Z")
TAIL = re.compile(r"\s*([A-Za-z0-9_-]{1,110})(?![A-Za-z0-9_-])")
HEX = re.compile(r"[0-9a-fA-F-]+")
# What a line has that is an assignment, an address, a path or a part of a program.
CODE = re.compile(r"[=:/\\${}<>\"'`(),;]")
PLACEHOLDER = re.compile(r"[$<{*!%(\[]|(?:x|X|\.|\*)+\Z|(?:null|none|undefined|changeme)\b", re.IGNORECASE)
ENDS_VALUE = re.compile(r"[\"'`,;)}\]<>\\&|\s].*")


@dataclass(frozen=True)
class Candidate:
    """One place in a text: `readings` are the values that may stand there, the likeliest first.

    One that `is_strong` has the look of a value, and has to be accounted for; any other counts only if it is found.
    """

    line: int
    readings: tuple[str, ...] = field(repr=False)
    is_strong: bool


@dataclass(frozen=True)
class Pasted:
    """`ids` are (line, id); `secrets` is every text that nobody may see; `lines` are those that say anything."""

    ids: tuple[tuple[int, str], ...]
    candidates: tuple[Candidate, ...]
    secrets: frozenset[str] = field(repr=False)
    lines: tuple[int, ...]


@dataclass
class _Spot:
    """`own` are the readings that no other spot has: all of them, unless values stand side by side."""

    start: int
    end: int
    is_strong: bool
    readings: list[str] = field(repr=False)
    own: list[str] = field(default_factory=list, repr=False)

    def overlaps(self, other: _Spot) -> bool:
        return self.start < other.end and other.start < self.end


def take_apart(text: str, name: str) -> Pasted:
    """Find what could be ids and values of API keys; raises TaskRefused for more than can be looked up."""
    if len(text) > LONGEST_TEXT:
        raise TaskRefused(
            f"{name} has more than {LONGEST_TEXT} characters. Nothing was changed; give the part in which the keys are"
        )
    lines = plain_lines(text)
    spots = [_spots_in(line) for line in lines]
    _add_wrapped(lines, spots)
    ids = dict.fromkeys((number, each) for number, line in enumerate(lines, 1) for each in _ids_in(line))
    candidates = tuple(
        Candidate(number, tuple(dict.fromkeys(spot.readings)), spot.is_strong)
        for number, found in enumerate(spots, 1)
        for spot in found
    )
    if len(candidates) + len(ids) > MOST_CANDIDATES:
        raise TaskRefused(
            f"{name} holds {len(candidates) + len(ids)} texts that could be API keys, and {MOST_CANDIDATES} are looked "
            "up at most. Nothing was changed; give the part in which the keys are, or several parts one after the other"
        )
    tokens = {token for line in lines for each in (line, *unescaped(line)) for token in JWT.findall(each)}
    readings = {reading for each in candidates for reading in each.readings}
    return Pasted(
        tuple(ids),
        candidates,
        frozenset(tokens | readings),
        tuple(n for n, line in enumerate(lines, 1) if line.strip()),
    )


def _ids_in(line: str) -> t.Iterator[str]:
    for text in (line, *unescaped(line), *(text for _start, _end, text in decoded(line))):
        for found in ID.finditer(text):
            yield f"ApiKey-{found[1]}"


def _spots_in(line: str) -> list[_Spot]:
    spots = _merged(_plain_spots(line))
    quoted = [spot for spot in spots if any(mark in line[spot.start : spot.end] for mark in MARKS)]
    for text in unescaped(line):
        _join(spots, _merged(_plain_spots(text)), quoted)
    for start, end, text in decoded(line):
        within = [spot for each in plain_lines(text) for spot in _merged(_plain_spots(each))]
        at = [_Spot(start, end, found.is_strong, found.readings, found.own) for found in within]
        _join(spots, at, [spot for spot in spots if at and spot.overlaps(at[0])])
    return spots


def _join(spots: list[_Spot], found: list[_Spot], homes: list[_Spot]) -> None:
    """Add what a decoded text holds to the places that it was decoded from, one to each, or as places of their own."""
    free = list(homes)
    for each in found:
        known = next((spot for spot in spots if set(spot.readings) & set(each.own)), None)
        home = known or (free[0] if free else None)
        if home is None:
            spots.append(each)
            continue
        free = [spot for spot in free if spot is not home]
        home.readings += each.readings
        home.is_strong = home.is_strong or each.is_strong


def _plain_spots(line: str) -> list[_Spot]:
    """What stands in a line as it is."""
    for none in (ID, NO_VALUE, JWT):
        line = none.sub(lambda found: " " * len(found[0]), line)
    found = [
        _Spot(match.start(1), match.start(1) + len(text), True, list(_ways_to_begin(text)))
        for pattern in (NAMED, NAMED_BY_BLANK)
        for match in pattern.finditer(line)
        if not PLACEHOLDER.match(match[1])
        for text in _ways_to_end(match[1])
    ]
    whole = WHOLE.fullmatch(line)
    if whole and RUN.search(whole[1]):
        is_strong = not HEX.fullmatch(whole[1]) and not CODE.search(whole[1])
        found.append(_Spot(*whole.span(1), is_strong, list(_ways_to_begin(whole[1]))))
    for pattern, group in ((QUOTED, 2), (ASSIGNED, 1)):
        for match in pattern.finditer(line):
            if RUN.fullmatch(match[group]) and not HEX.fullmatch(match[group]):
                found.append(_Spot(*match.span(group), _is_mixed(match[group]), list(_ways_to_begin(match[group]))))
    return found + [spot for match in RUN.finditer(line) for spot in _spots_of_run(match)]


def _ways_to_end(text: str) -> t.Iterator[str]:
    """A value of one's own may hold any sign, so one that ends at a quote or a bracket may go on behind it."""
    short = ENDS_VALUE.sub("", text)
    yield from (each for each in dict.fromkeys((short, text)) if len(each) >= 8)


def _ways_to_begin(text: str) -> t.Iterator[str]:
    """The first character may be the mark of a diff or a list."""
    yield text
    if text[0] in "-+<>" and len(text) > 32:
        yield text[1:]


def _spots_of_run(match: re.Match[str]) -> t.Iterator[_Spot]:
    run = match[0]
    if HEX.fullmatch(run):
        return
    if len(run) < IBM_LENGTH:
        if len(run) >= SHORTEST_OWN and _is_mixed(run):
            yield _Spot(*match.span(), False, [run])
        return
    if len(run) == IBM_LENGTH:
        yield _Spot(*match.span(), _is_mixed(run), [run])
    elif IBM_LENGTH < len(run) < 2 * IBM_LENGTH:
        # The mark of a diff, the n of a line break in quotes, or a word that was glued on.
        yield _Spot(*match.span(), False, [run[-IBM_LENGTH:], run[:IBM_LENGTH], run])
    elif len(run) <= LONGEST_RUN:
        yield _Spot(match.start(), match.start() + IBM_LENGTH, False, [run[:IBM_LENGTH]])
        yield _Spot(match.end() - IBM_LENGTH, match.end(), False, [run[-IBM_LENGTH:]])


def _is_mixed(text: str) -> bool:
    """Whether chance drew this: small letters, capitals and digits, of which a name of a file mostly lacks one."""
    return all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def _merged(spots: list[_Spot]) -> list[_Spot]:
    """One place for what overlaps, unless values stand side by side in it; the strong readings come first."""
    groups: list[list[_Spot]] = []
    end = 0
    for spot in sorted(spots, key=lambda each: (each.start, -each.end)):
        if groups and spot.start < end:
            groups[-1].append(spot)
        else:
            groups.append([spot])
        end = max(end, spot.end)
    return [spot for group in groups for spot in _side_by_side(group)]


def _side_by_side(group: list[_Spot]) -> list[_Spot]:
    """The values that may stand side by side in one place; what reaches over several is a reading of each of them."""
    values: list[_Spot] = []
    for spot in sorted(group, key=lambda each: (each.end - each.start, not each.is_strong)):
        if not any(spot.overlaps(other) for other in values):
            values.append(spot)
    values.sort(key=lambda each: each.start)
    strong_first = sorted(group, key=lambda each: (not each.is_strong, each.start, each.end))
    is_one = len(values) == 1
    places = []
    for value in values:
        readings = [reading for each in strong_first if each.overlaps(value) for reading in each.readings]
        own = readings if is_one else value.readings
        places.append(_Spot(value.start, value.end, value.is_strong, [*own, *readings], own))
    for spot in group:
        over = [place for place in places if place.overlaps(spot)]
        if spot.is_strong and not any(place.is_strong for place in over):
            over[0].is_strong = True
    if is_one:
        places[0].start, places[0].end = min(each.start for each in group), max(each.end for each in group)
    return places


def _add_wrapped(lines: list[str], spots: list[list[_Spot]]) -> None:
    """A value that a terminal, a mail or a script broke in two."""
    for number, (first, second) in enumerate(zip(lines, lines[1:])):
        offset = max(len(first) - LONGEST_RUN, 0)
        head, tail = HEAD.search(first[offset:]), TAIL.match(second)
        joined = _joined(head[1], tail[1]) if head and tail else None
        if not head or not tail or joined is None:
            continue
        homes = [spot for spot in spots[number] if offset + head.start(1) < spot.end]
        homes += [spot for spot in spots[number + 1] if spot.start < tail.end(1)]
        for spot in homes:
            spot.readings.append(joined)
        if not homes:
            spots[number].append(_Spot(offset + head.start(1), len(first), False, [joined]))


def _joined(head: str, tail: str) -> str | None:
    """The value that was broken into these parts; none where a part has the length of a value of its own."""
    whole = head + tail
    if len(whole) == IBM_LENGTH + 1 and whole[0] == "-":
        return whole[1:]
    is_own = 20 <= len(head) < SHORTEST_OWN and len(tail) < SHORTEST_OWN <= len(whole) and _is_mixed(whole)
    return whole if len(whole) == IBM_LENGTH or is_own else None
