# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task answers: files, paths, lines and ids, and never a value or cipher text."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.content import Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.order import Order
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.run import FileOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import plain_path, shown_path

# So many are named in the message; the members of the result name all.
_SHOWN = 10
_COUNTED = {"moved": "moved", "done": "done", "other": "others", "unreadable": "unreadable"}


def result_of(outcomes: Sequence[FileOutcome], order: Order, check_mode: bool, stopped: bool) -> dict[str, t.Any]:
    """The result; `stopped` says that nothing was written because of what was found."""
    would_be = check_mode and not stopped
    changed = [each for each in outcomes if each.is_written or (would_be and each.changes)]
    # Several files may have one and the same.
    problems = list(dict.fromkeys(_problems(outcomes, stopped)))
    result: dict[str, t.Any] = {
        "changed": bool(changed),
        "conflict": any(each.is_conflict for each in outcomes),
        "vault_id": order.label,
        "files": [_file(each, each in changed) for each in outcomes],
        "moved": [_told(each, place) for each in changed for place in each.places if place.state == "moved"],
        "unreadable": [_told(each, place) for each in outcomes for place in each.places if place.state == "unreadable"],
        "diff": [_diff(each, order) for each in changed],
        "warnings": list(_warnings(outcomes, stopped)),
    }
    if problems:
        done = (
            f"{len(changed)} of {len(outcomes)} files were written, and are done" if changed else "Nothing was written"
        )
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        result |= {"failed": True, "msg": f"{'; '.join(problems[:_SHOWN])}{more}. {done}"}
    return result


def _problems(outcomes: Sequence[FileOutcome], stopped: bool) -> t.Iterator[str]:
    """What the task fails for: all that stopped it, or the files that could not be written."""
    for each in outcomes:
        if each.problem and (stopped or not each.is_unreadable):
            yield each.problem
        for place in each.places if stopped else ():
            if place.state == "unreadable":
                yield _unreadable(each, place)


def _unreadable(each: FileOutcome, place: Place) -> str:
    where = f" ({shown_path(place.path)})" if place.path else ""
    return f"{each.path}, line {place.line}{where}: {place.problem}"


def _warnings(outcomes: Sequence[FileOutcome], stopped: bool) -> t.Iterator[str]:
    for each in outcomes:
        lines = [str(place.line) for place in each.places if place.state == "text"]
        if lines:
            yield (
                f"{each.path} holds cipher text that is no value to Ansible, in a comment or without the tag !vault "
                f"(line {', '.join(lines)}); it was left as it is"
            )
        if not stopped and each.is_unreadable and each.problem:
            yield f"left as it is: {each.problem}"
    if not stopped:
        left = [_unreadable(each, place) for each in outcomes for place in each.places if place.state == "unreadable"]
        yield from (f"left as it is: {line}" for line in left[:_SHOWN])


def _file(each: FileOutcome, is_changed: bool) -> dict[str, t.Any]:
    return {
        "path": each.path,
        "layout": each.layout,
        "changed": is_changed,
        **{name: each.count(state) for state, name in _COUNTED.items()},
        "problem": each.problem,
    }


def _told(each: FileOutcome, place: Place) -> dict[str, t.Any]:
    return {
        "file": each.path,
        "document": place.document,
        "name": plain_path(place.path),
        "line": place.line,
        "vault_id": place.label,
        "opened_by": place.opened_by,
        "problem": place.problem,
    }


def _diff(each: FileOutcome, order: Order) -> dict[str, str]:
    moved = [(_name(place), place) for place in each.places if place.state == "moved"]
    return {
        "before_header": shown(each.path),
        "after_header": shown(each.path),
        "before": "".join(f"{name}: {place.label}, opened by {place.opened_by}\n" for name, place in moved),
        "after": "".join(f"{name}: {order.label}, opened by {order.to}\n" for name, _place in moved),
    }


def _name(place: Place) -> str:
    """A name may hold line ends; each line of a diff is one place."""
    return shown(shown_path(place.path)) or "the whole file"
