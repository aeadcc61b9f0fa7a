# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which files of a commit are meant: as on disk, so the judge of patterns is Python's own `glob`."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.tree import Entry
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.tip_files import Tip, fits, told_of_links
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore

FILES = [
    *(
        "site.yml",
        "group_vars/all.yml",
        "group_vars/prod/vault.yml",
        "group_vars/prod/.hidden.yml",
        "group_vars/x[1].yml",
    ),
    *("group_vars/.git-crypt/keys.yml", "host_vars/web1.example.com", "roles/web/files/tls.key", "archive/old.yml"),
    *("roles/web/vars/main.yml", ".github/vault.yml"),
]
LINKS = ["group_vars/again", "roles/link.yml"]
TIP = Tip(
    "main",
    [
        *(Entry(path, "100644", "0") for path in FILES),
        *(Entry(path, "120000", "1") for path in LINKS),
        Entry("roles/module", "160000", "2"),
    ],
)


def files(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return sorted(TIP.found(paths, exclude).files)


def test_all_of_the_repository_but_hidden_folders() -> None:
    found = TIP.found(["."], [])

    assert sorted(found.files) == sorted(set(FILES) - {"group_vars/.git-crypt/keys.yml", ".github/vault.yml"})
    assert not any(found.files.values())
    assert (sorted(found.links), found.submodules) == (LINKS, ["roles/module"])


def test_a_file_that_is_named_is_named_also_when_its_folder_is() -> None:
    assert TIP.found(["group_vars/prod", "./group_vars/prod/vault.yml"], []).files == {
        "group_vars/prod/vault.yml": True,
        "group_vars/prod/.hidden.yml": False,
    }
    assert files("group_vars/.git-crypt") == ["group_vars/.git-crypt/keys.yml"]
    assert TIP.found(["group_vars/x[1].yml"], []).files == {"group_vars/x[1].yml": True}


@pytest.mark.parametrize(
    "pattern",
    [
        *("**", "*", "*.yml", "**/*.yml", "group_vars/**", "group_vars/*", "group_vars/**/*", "**/vars/**", "*/*/*"),
        *(
            "group_vars/**/.*",
            "group_vars/.*/*",
            "**/[mv]*.yml",
            "roles/*/files/*.key",
            "host_vars/web?.*",
            "**/**",
            "*/",
        ),
        *("group_vars/prod/[!.]*", "a**e/*", "**/group_vars/*.yml", "roles/**/main.yml", ".*", ".*/*"),
    ],
)
def test_a_pattern_means_what_it_means_on_disk(pattern: str, tmp_path: Path) -> None:
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    plain = pattern.rstrip("/")
    on_disk = {path.rstrip("/") for path in glob.glob(plain, root_dir=tmp_path, recursive=True)} - {""}
    everything = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}

    assert {path for path in everything if fits(path, plain)} == on_disk


def test_a_pattern_stands_for_the_folders_that_it_finds() -> None:
    assert files("roles/*/files") == ["roles/web/files/tls.key"]
    assert files("g*/p*") == ["group_vars/prod/.hidden.yml", "group_vars/prod/vault.yml"]


@pytest.mark.parametrize("pattern", ["*/archive/*", "archive/*", "/archive/*", "old.yml", "archive/old.yml"])
def test_a_file_is_left_out(pattern: str) -> None:
    assert "archive/old.yml" not in files(".", exclude=(pattern,))
    assert "site.yml" in files(".", exclude=(pattern,))


def test_a_pattern_that_leaves_nothing_out_is_refused() -> None:
    with pytest.raises(CannotStore, match="'\\*/arhcive/\\*'"):
        files(".", exclude=("*/arhcive/*",))
    assert files("site.yml", exclude=("*/.github/*",)) == ["site.yml"]


@pytest.mark.parametrize("path", ["gone", "gone/*", "group_vars/gone.yml", "site.yml/*", "[", "**/*.txt"])
def test_a_path_that_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(CannotStore, match=r"there is nothing at main:|no folder in main"):
        files(path)


@pytest.mark.parametrize("path", ["..", "../x", "/etc/passwd", "a/../../b", ".git", "x/.GIT/config", "~root/x"])
def test_a_path_that_is_not_in_the_repository_is_refused(path: str) -> None:
    with pytest.raises(GitError if path != "~root/x" else CannotStore, match=r"is not inside it|nothing at"):
        files(path)


@pytest.mark.parametrize("path", [*LINKS, "roles/module", "group_vars/again/x", "roles/module/x", "site.yml/x"])
def test_what_is_no_file_is_refused_when_it_is_named(path: str) -> None:
    with pytest.raises(CannotStore, match=r"is no regular file in main|is no folder in main"):
        files(path)


@pytest.mark.parametrize(
    ("target", "is_told"),
    [
        *(("prod", False), ("../site.yml", False), ("../gone", False), ("./prod/", False), ("all.yml", False)),
        *(("../archive", True), ("../archive/old.yml", True), ("/etc", True), ("../../elsewhere", True), ("..", True)),
        *(("../roles/link.yml", True), ("../roles/module", True), ("../roles/module/x", True), ("../.github", True)),
    ],
)
def test_a_link_is_told_of_when_values_may_be_behind_it(target: str, is_told: bool) -> None:
    found = TIP.found(["group_vars"], [])
    marked = {"group_vars/prod/vault.yml", "archive/old.yml", ".github/vault.yml"}

    told = list(told_of_links(TIP, found, {"group_vars/again": target}, marked))

    assert [line.startswith("not looked into: group_vars/again; links") for line in told] == ([True] if is_told else [])


def test_submodules_are_told_of() -> None:
    (line,) = told_of_links(TIP, TIP.found(["roles"], ["link.yml"]), {}, set())

    assert line.startswith("not looked into: roles/module; submodules")


def test_many_links_are_told_of_in_one_line() -> None:
    tip = Tip("main", [Entry(f"l{number}", "120000", "0") for number in range(9)])
    found = tip.found(["."], [])

    (line,) = told_of_links(tip, found, dict.fromkeys(found.links, "/etc"), set())

    assert ", and 4 more; " in line


def test_the_judge_sees_hidden_folders_as_hidden(tmp_path: Path) -> None:
    (tmp_path / ".x").mkdir()

    assert glob.glob("*", root_dir=tmp_path) == []
    assert os.listdir(tmp_path) == [".x"]
