# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What belongs into the tarball of the collection, and where its pages link to."""

from __future__ import annotations

import posixpath
import re
import tarfile
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

# These folders with all that Git tracks in them but what the site is built with, and these files. Nothing else.
FOLDERS = ("docs", "meta", "playbooks", "plugins", "roles")
SITE = "docs/site/"
FILES = (
    # Galaxy's importer runs the linter too, and does not know the modules of AWX that the examples use.
    ".config/ansible-lint.yml",
    "LICENSE",
    "README.md",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
    "tests/config.yml",
)
MADE_BY_ANSIBLE_GALAXY = ("FILES.json", "MANIFEST.json")

LINK = re.compile(r"(!?)(\[[^\]]*\])\(([^)#:\s]+)(#[^)]*)?\)")
SECRETS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    # 44 characters of all kinds; an id that has them is a word and a UUID.
    "an API key": re.compile(
        rb"(?<![\w-])(?!\w+-[0-9a-f]{8}-)(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{44}(?![\w-])"
    ),
}


@dataclass
class Findings:
    """What is wrong with a tarball."""

    too_many: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def __iter__(self) -> t.Iterator[str]:
        yield from (f"does not belong into the tarball: {name}" for name in self.too_many)
        yield from (f"is missing from the tarball: {name}" for name in self.missing)
        yield from self.others


def wanted(tracked: t.Iterable[str]) -> set[str]:
    """The files of the tarball, given those that Git tracks."""
    in_folders = {name for name in tracked if name.split("/")[0] in FOLDERS and not name.startswith(SITE)}
    return in_folders | {*FILES, *MADE_BY_ANSIBLE_GALAXY}


def examine(tarball: Path, tracked: t.Iterable[str]) -> Findings:
    """Compare the tarball with the rule, and look for secrets and for links that lead nowhere."""
    found = Findings()
    with tarfile.open(tarball) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
        contents = {member.name: _content(archive, member) for member in members}
    rule = wanted(tracked)
    found.too_many = sorted(set(contents) - rule)
    found.missing = sorted(rule - set(contents))
    found.others += [f"is a link, not a file: {member.name}" for member in members if not member.isfile()]
    for name, content in sorted(contents.items()):
        found.others += [f"holds {what}: {name}" for what, form in SECRETS.items() if form.search(content)]
        if name.endswith(".md"):
            dead = dead_links(name, content.decode(), set(contents))
            found.others += [f"leads nowhere when it is read in Galaxy: {name}, {link}" for link in dead]
    return found


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isfile() else None
    return stream.read() if stream else b""


def dead_links(page: str, text: str, names: set[str]) -> list[str]:
    """The relative links of a page that Galaxy cannot follow: all of a README, else those out of the tarball."""
    links = [match[3] for match in LINK.finditer(text)]
    return [link for link in links if _is_readme(page) or not _is_in(_target(page, link), names)]


def with_absolute_links(page: str, text: str, names: set[str], repository: str, tag: str) -> str:
    """The page as it goes into the tarball: what `dead_links` finds leads to the tag in the repository instead."""

    def absolute(match: re.Match[str]) -> str:
        picture, words, link, anchor = match.groups(default="")
        target = _target(page, link)
        if not _is_readme(page) and _is_in(target, names):
            return match[0]
        return f"{picture}{words}({repository}/{'raw' if picture else 'blob'}/{tag}/{target}{anchor})"

    return LINK.sub(absolute, text)


def _is_readme(page: str) -> bool:
    """Whether Galaxy shows this page on its own, without the files beside it."""
    return posixpath.basename(page) == "README.md"


def _target(page: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _is_in(target: str, names: set[str]) -> bool:
    return any(name == target or name.startswith(f"{target}/") for name in names)
