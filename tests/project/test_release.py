# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a release needs is missed when it is not there."""

from __future__ import annotations

import typing as t
from pathlib import Path

import fragments
import pytest
import release_check
import yaml

SUMMARY: dict[str, t.Any] = {"changes": {"release_summary": "The first."}}
README = "\n".join([*release_check.HEADINGS, *release_check.MENTIONS, "ansible-core 2.16 or newer"])
GOOD = {
    "galaxy.yml": "version: 1.2.0\ndependencies: {}\n",
    "README.md": README,
    "docs/CHANGELOG.md": "## v1\\.2\\.0\n",
    "changelogs/changelog.yaml": yaml.safe_dump({"releases": {"1.2.0": SUMMARY, "1.1.0": SUMMARY}}),
    "meta/runtime.yml": 'requires_ansible: ">=2.16.0"\n',
    "plugins/modules/a.py": "version_added: 1.2.0\n",
}


def complaints(folder: Path, **changes: str) -> list[str]:
    """What is said of a good release after these files were written over."""
    for name, text in {**GOOD, **changes}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    release = release_check.Release(folder)
    checks = (release_check.version_complaints, release_check.notes_complaints, release_check.page_complaints)
    return [complaint for check in checks for complaint in check(release)]


def test_a_good_release_is_ready(tmp_path: Path) -> None:
    assert complaints(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("galaxy.yml", "version: 1.3.0\n", "the newest release in the changelog is 1.2.0"),
        ("galaxy.yml", "version: 0.9.0\n", "is below 1.0.0"),
        ("galaxy.yml", "version: 1.2.0\ndependencies: {a.b: '*'}\n", "dependencies on other collections"),
        ("docs/CHANGELOG.md", "## v1\\.1\\.0\n", "docs/CHANGELOG.md has no notes of 1.2.0"),
        ("changelogs/changelog.yaml", "releases: {1.2.0: {changes: {}}}\n", "no release_summary"),
        ("changelogs/fragments/a.yml", "minor_changes: [b]\n", "changelogs/fragments/a.yml is not in the notes"),
        ("plugins/modules/b.py", "version_added: 1.3.0\n", "plugins/modules/b.py says version_added: 1.3.0"),
        ("roles/r/meta/argument_specs.yml", "    version_added: 2.0.0\n", "says version_added: 2.0.0"),
        ("README.md", README.replace("## Limits", "## Ends"), "lacks the heading '## Limits'"),
        ("README.md", README.replace("issue tracker", ""), "does not mention 'issue tracker'"),
        ("README.md", README + "\npip install ansible-core\n", "says how to install ansible-core"),
        ("README.md", README.replace("2.16", "2.19"), "does not promise ansible-core 2.16"),
        ("meta/runtime.yml", "requires_ansible: '>=2.18.0'\n", "requires_ansible '>=2.18.0'"),
        ("meta/runtime.yml", "action_groups: {}\n", "requires_ansible ''"),
    ],
)
def test_what_a_release_lacks_is_named(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    assert any(complaint in line for line in complaints(tmp_path, **{name: text}))


def test_a_change_for_users_needs_a_fragment() -> None:
    assert fragments.changes_untold(["plugins/modules/a.py", "tests/unit/a.py"]) == ["plugins/modules/a.py"]
    assert fragments.changes_untold(["roles/a/tasks/main.yml"]) == ["roles/a/tasks/main.yml"]
    assert fragments.changes_untold(["plugins/modules/a.py", "changelogs/fragments/a.yml"]) == []
    assert fragments.changes_untold(["plugins/modules/a.py", "changelogs/changelog.yaml"]) == []
    assert fragments.changes_untold(["tests/unit/a.py", "Makefile"]) == []


def test_the_last_release_is_the_newest_by_number() -> None:
    assert fragments.last_release(["1.9.0", "1.10.0", "v2", "seed", "1.2.0"]) == "1.10.0"
    assert fragments.last_release(["seed"]) is None
