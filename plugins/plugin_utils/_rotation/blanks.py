# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blank options: null, and texts of nothing but blanks, which a survey of AWX gives for a question nobody answered."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused

# Left out, these would have a run touch more than was meant, or other files: blank they are refused, with what to do.
NEVER_BLANK = {
    "slots": "name the slots",
    "until": "say how far to go, or leave it out to go all the way",
    "git": "name the repository and the branch, or leave it out for files on this machine",
    "git.repository": "name it",
    "git.branch": "name it",
    "probed_ids": "[] is for none, and left out every new key that logs in is published",
    "slots.name": "name the slot",
    "slots.file": "name the vault file",
    "slots.copies.file": "name the vault file",
    "slots.copies.variable": "name the variable",
}
# Owners are looked at where they are looked up, and a description may be empty.
LEFT_ALONE = frozenset({"slots.iam_id", "slots.service_id", "slots.service_id_group", "slots.description"})
# Its options are a policy's, which has the same rule of its own.
CLOSED = frozenset({"slots.policy"})


def is_blank(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def without_blanks(given: t.Mapping[str, t.Any], where: str = "") -> dict[str, t.Any]:
    """The options without those that are blank, at any depth; raises TaskRefused for one that must not be."""
    kept = {}
    for name, value in given.items():
        path = f"{where}{name}"
        if path in LEFT_ALONE:
            kept[name] = value
        elif not is_blank(value):
            kept[name] = _members(value, path)
        elif path in NEVER_BLANK:
            raise TaskRefused(f"{path} is blank, and nothing was done: {NEVER_BLANK[path]}")
    return kept


def _members(value: t.Any, path: str) -> t.Any:
    if path in CLOSED:
        return value
    if isinstance(value, dict):
        return without_blanks(value, f"{path}.")
    if isinstance(value, list):
        return [_members(each, path) for each in value if not is_blank(each)]
    return value
