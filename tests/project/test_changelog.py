# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release notes name each playbook as new, their page has all of them, and the first release has none before it."""

from __future__ import annotations

import html
import itertools
import re
import typing as t
from pathlib import Path

import yaml
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
RELEASES: dict[str, dict[str, t.Any]] = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text())["releases"]
FRAGMENTS = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "changelogs/fragments").glob("*.yml"))]
SECTIONS = [section for section, _title in yaml.safe_load((ROOT / "changelogs/config.yaml").read_text())["sections"]]


def playbooks_told() -> list[str]:
    """The playbooks that a release or a fragment names as new."""
    told = [each for release in RELEASES.values() for each in release.get("objects", {}).get("playbook", [])]
    told += [each for fragment in FRAGMENTS for each in fragment.get("add object.playbook", [])]
    return sorted(each["name"] for each in told)


def sentences(release: dict[str, t.Any]) -> list[str]:
    """What a release tells, without marks of code."""
    summary, *sections = sorted(release["changes"].values(), key=lambda told: isinstance(told, list))
    return [each.replace("``", "") for each in (summary, *itertools.chain.from_iterable(sections))]


def test_each_playbook_is_named_as_new_once() -> None:
    assert playbooks_told() == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


def test_what_the_notes_will_say_is_in_sections_that_there_are() -> None:
    known = {*SECTIONS, "release_summary", "trivial", "add object.playbook"}

    assert {section for fragment in FRAGMENTS for section in fragment} <= known
    assert [release for release in RELEASES.values() if not release["changes"].get("release_summary")] == []


def test_the_page_of_the_notes_has_each_sentence_of_their_file() -> None:
    page = html.unescape(re.sub(r"\\|</?code>", "", (ROOT / "docs/CHANGELOG.md").read_text(encoding="utf-8")))

    assert [each for release in RELEASES.values() for each in sentences(release) if each not in page] == []


def test_the_first_release_breaks_and_mends_nothing_because_nobody_had_one_before() -> None:
    first = RELEASES[min(RELEASES, key=Version)]

    assert set(first["changes"]) == {"release_summary", "major_changes", "minor_changes", "known_issues"}
