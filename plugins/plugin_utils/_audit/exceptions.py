# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings that somebody answers for, until a date."""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass
from datetime import date

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import read_text
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import RULE_BY_NAME

MEMBERS = {"key", "owner", "reason", "expires", "findings"}
NEEDED = ("key", "owner", "reason", "expires")


@dataclass(frozen=True)
class Exemption:
    """One entry: a key id, or a pattern of ids or names; without `findings` it excuses every one of them."""

    key: str
    owner: str
    reason: str
    expires: date
    findings: frozenset[str] = frozenset()

    def fits(self, key: KeyFacts, finding: str) -> bool:
        is_meant = self.key == key.id or any(fnmatch.fnmatchcase(text, self.key) for text in (key.id, key.name))
        return is_meant and (not self.findings or finding in self.findings)


def read_exceptions(path: str) -> list[Exemption]:
    """Read an exceptions file, a list in YAML; raises TaskRefused and names the entry that is wrong."""
    try:
        content = yaml.safe_load(read_text(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise TaskRefused(f"exceptions_file {path} cannot be read: {reason}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise TaskRefused(f"exceptions_file {path} is not YAML{f', line {mark.line + 1}' if mark else ''}") from None
    except (ValueError, RecursionError):
        # What looks like a date and is none, such as 2026-02-31, or has thousands of digits or brackets.
        raise TaskRefused(
            f"exceptions_file {path} has a date or number that there is not, or is nested too deeply"
        ) from None
    if content is None:
        return []
    if not isinstance(content, list):
        raise TaskRefused(f"exceptions_file {path} has to be a list of entries with {', '.join(NEEDED)}")
    return [_entry(path, number, found) for number, found in enumerate(content, 1)]


def _entry(path: str, number: int, found: t.Any) -> Exemption:
    where = f"exceptions_file {path}, entry {number}"
    if not isinstance(found, dict):
        raise TaskRefused(f"{where}: not a mapping")
    missing = [name for name in NEEDED if not found.get(name)]
    unknown = sorted(str(name) for name in found.keys() - MEMBERS)
    if missing or unknown:
        raise TaskRefused(f"{where}: {f'missing {missing[0]}' if missing else f'unknown member {unknown[0]}'}")
    findings = found.get("findings") or []
    wrong = [name for name in findings if name not in RULE_BY_NAME] if isinstance(findings, list) else ["not a list"]
    if wrong:
        raise TaskRefused(f"{where}: findings: {wrong[0]} is none of {', '.join(sorted(RULE_BY_NAME))}")
    return Exemption(
        key=str(found["key"]),
        owner=str(found["owner"]),
        reason=str(found["reason"]),
        expires=_date(where, found["expires"]),
        findings=frozenset(findings),
    )


def _date(where: str, value: t.Any) -> date:
    # YAML reads 2026-12-31 as a date already, and a quoted one as text.
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise TaskRefused(f"{where}: expires has to be a date like 2026-12-31") from None
