# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold before a release is tagged, as far as a program can see it; docs/release.md has the rest.

python tests/tools/release_check.py [--tagged]      --tagged: the tag exists already, and is what is checked out
"""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from fragments import git
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from tree import CHECKOUT

# What certification and Galaxy's readers look for, in the words of README.md.
HEADINGS = (
    "## What is inside",
    "## Requirements and installation",
    "## Authentication",
    "## What you can rely on",
    "## Limits",
    "## Contributing, support, licence",
)
MENTIONS = (
    "GPL-3.0-or-later",
    "semantic versioning",
    "issue tracker",
    "docs/CHANGELOG.md",
    "ansible-galaxy collection install",
)
OLDEST_CORE = Version("2.16")


class Release:
    """The collection as it lies in a folder."""

    def __init__(self, root: Path = CHECKOUT) -> None:
        self.root = root
        self.about = self.yaml("galaxy.yml")
        self.version = str(self.about["version"])

    def text(self, name: str) -> str:
        """The content of a file; nothing when it is not there."""
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def yaml(self, name: str) -> dict[str, t.Any]:
        return t.cast(dict[str, t.Any], yaml.safe_load(self.text(name)) or {})


def version_complaints(release: Release) -> list[str]:
    """The version is one, it is the newest in the notes, and every plugin was added by then."""
    complaints = []
    known = release.yaml("changelogs/changelog.yaml").get("releases", {})
    newest = max(known, key=Version, default="none")
    if Version(release.version) < Version("1.0.0"):
        complaints.append(f"version {release.version} is below 1.0.0, which certification refuses")
    if newest != release.version:
        complaints.append(f"galaxy.yml says {release.version}, and the newest release in the changelog is {newest}")
    if f"## v{release.version}".replace(".", "\\.") not in release.text("docs/CHANGELOG.md"):
        complaints.append(f"docs/CHANGELOG.md has no notes of {release.version}")
    for name, added in versions_added(release):
        if Version(added) > Version(release.version):
            complaints.append(f"{name} says version_added: {added}")
    return complaints


def versions_added(release: Release) -> t.Iterator[tuple[str, str]]:
    """Each `version_added` of plugins and roles."""
    for path in sorted([*release.root.glob("plugins/**/*.py"), *release.root.glob("roles/*/meta/*.yml")]):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, colon, value = line.strip().partition(": ")
            if colon and word == "version_added":
                yield path.relative_to(release.root).as_posix(), value.strip("\"'")


def notes_complaints(release: Release) -> list[str]:
    """No fragment waits for a release, and the release has a summary."""
    waiting = sorted(path.name for path in (release.root / "changelogs" / "fragments").glob("*.y*ml"))
    complaints = [f"changelogs/fragments/{name} is not in the notes of a release" for name in waiting]
    notes = release.yaml("changelogs/changelog.yaml").get("releases", {}).get(release.version, {})
    if "release_summary" not in notes.get("changes", {}):
        complaints.append(f"the notes of {release.version} have no release_summary")
    return complaints


def page_complaints(release: Release) -> list[str]:
    """README.md says what reviewers look for, and the metadata agrees with it."""
    readme = release.text("README.md")
    lines = set(readme.splitlines())
    complaints = [f"README.md lacks the heading {heading!r}" for heading in HEADINGS if heading not in lines]
    complaints += [f"README.md does not mention {words!r}" for words in MENTIONS if words not in readme]
    if "pip install ansible" in readme:
        complaints.append("README.md says how to install ansible-core, which certification refuses")
    requires = str(release.yaml("meta/runtime.yml").get("requires_ansible", ""))
    if not requires.startswith(">=") or OLDEST_CORE not in SpecifierSet(requires):
        complaints.append(f"meta/runtime.yml has requires_ansible {requires!r}, and {OLDEST_CORE} is promised")
    elif f"ansible-core {OLDEST_CORE} or newer" not in readme:
        complaints.append(f"README.md does not promise ansible-core {OLDEST_CORE} or newer")
    if release.about.get("dependencies"):
        complaints.append("galaxy.yml has dependencies on other collections")
    return complaints


def git_complaints(release: Release, tagged: bool) -> list[str]:
    """Nothing is uncommitted, and the tag does not exist; or with `tagged`, is what is checked out."""
    complaints = [f"not committed: {line}" for line in git("status", "--porcelain").splitlines()]
    tag = git("rev-parse", "--verify", "--quiet", f"refs/tags/{release.version}^{{commit}}")
    if tagged and tag != git("rev-parse", "HEAD"):
        complaints.append(f"the tag {release.version} is not what is checked out")
    if not tagged and tag:
        complaints.append(f"the tag {release.version} exists already")
    return complaints


def main(*arguments: str) -> int:
    """Print everything that speaks against a release, and return 1 when there is something."""
    release = Release()
    complaints = git_complaints(release, "--tagged" in arguments)
    complaints += version_complaints(release) + notes_complaints(release) + page_complaints(release)
    lint = subprocess.run(["antsibull-changelog", "lint"], cwd=CHECKOUT, check=False)
    complaints += ["antsibull-changelog lint fails"] if lint.returncode else []
    for complaint in complaints:
        print(complaint)
    print(f"release-check of {release.version}, to mend: {len(complaints)}" if complaints else "Ready to be tagged.")
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
