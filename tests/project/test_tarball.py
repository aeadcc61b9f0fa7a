# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tarball holds what belongs into it, and its pages lead somewhere in Galaxy."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import galaxy
import pytest
import tarball

REPOSITORY = "https://github.com/a/b"
TRACKED = ("README.md", "docs/a.md", "docs/b.md", "plugins/x.py", "docs/site/conf.py", "Makefile", ".ci/run")


def packed(folder: Path, **changes: bytes | None) -> Path:
    """A tarball as it should be, but for the changes."""
    contents: dict[str, bytes | None] = {**dict.fromkeys(tarball.wanted(TRACKED), b"text"), **changes}
    path = folder / "a-b-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            if content is not None:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def test_a_tarball_as_it_should_be_is_accepted(tmp_path: Path) -> None:
    assert list(tarball.examine(packed(tmp_path), TRACKED)) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({".venv/bin/python": b""}, "does not belong into the tarball: .venv/bin/python"),
        ({"plugins/__pycache__/x.pyc": b""}, "does not belong into the tarball: plugins/__pycache__/x.pyc"),
        ({".ci/run": b""}, "does not belong into the tarball: .ci/run"),
        ({"docs/site/conf.py": b""}, "does not belong into the tarball: docs/site/conf.py"),
        ({"plugins/x.py": None}, "is missing from the tarball: plugins/x.py"),
        ({"changelogs/changelog.yaml": None}, "is missing from the tarball: changelogs/changelog.yaml"),
        ({"plugins/x.py": b"-----BEGIN RSA " + b"PRIVATE KEY-----"}, "holds a private key: plugins/x.py"),
        ({"docs/a.md": b"key: " + b"aB3-" * 11}, "holds an API key: docs/a.md"),
        ({"README.md": b"[a](docs/a.md)"}, "leads nowhere when it is read in Galaxy: README.md, docs/a.md"),
        ({"docs/a.md": b"[a](../Makefile)"}, "leads nowhere when it is read in Galaxy: docs/a.md, ../Makefile"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, bytes | None], complaint: str) -> None:
    assert list(tarball.examine(packed(tmp_path, **changes), TRACKED)) == [complaint]


def test_a_link_in_the_tarball_is_found(tmp_path: Path) -> None:
    path = packed(tmp_path)
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("docs/a.md")
        link.type, link.linkname = tarfile.SYMTYPE, "../../secret"
        archive.addfile(link)

    assert "is a link, not a file: docs/a.md" in list(tarball.examine(path, TRACKED))


@pytest.mark.parametrize(
    ("page", "before", "after"),
    [
        ("README.md", "[a](docs/a.md#x)", f"[a]({REPOSITORY}/blob/1.0.0/docs/a.md#x)"),
        ("README.md", "![a](docs/a.png)", f"![a]({REPOSITORY}/raw/1.0.0/docs/a.png)"),
        ("roles/r/README.md", "[a](../../docs/a.md)", f"[a]({REPOSITORY}/blob/1.0.0/docs/a.md)"),
        ("docs/a.md", "[b](b.md), [m](../Makefile)", f"[b](b.md), [m]({REPOSITORY}/blob/1.0.0/Makefile)"),
        ("docs/a.md", "[w](https://example.com/a), [x](#x)", "[w](https://example.com/a), [x](#x)"),
    ],
)
def test_links_that_galaxy_cannot_follow_lead_to_the_tag(page: str, before: str, after: str) -> None:
    assert tarball.with_absolute_links(page, before, tarball.wanted(TRACKED), REPOSITORY, "1.0.0") == after


def test_the_importer_must_be_content() -> None:
    good = "Loading role a\nImporter processing completed successfully\n"

    assert galaxy.complaints_in(good) == []
    assert galaxy.complaints_in("WARNING: no changelog\n" + good) == ["WARNING: no changelog"]
    assert galaxy.complaints_in("ERROR: x\n") == ["ERROR: x", "it does not say that it completed successfully"]
