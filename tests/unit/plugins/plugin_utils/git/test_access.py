# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How Git logs in: what fits together, and where the token is and is not."""

from __future__ import annotations

import shlex
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access, access_from, kind_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError

TOKEN = "token-of-the-tests"


def given(repository: str, **others: t.Any) -> dict[str, t.Any]:
    nothing = {"token": None, "ssh_key_file": None, "known_hosts_file": None, "username": "robot"}
    return {"repository": repository, **nothing, **others}


@pytest.mark.parametrize(
    ("repository", "kind"),
    [
        ("https://git.example.com/keys.git", "https"),
        ("ssh://git@git.example.com:2222/keys.git", "ssh"),
        ("git@git.example.com:team/keys.git", "ssh"),
        ("/srv/git/keys.git", "other"),
        ("file:///srv/git/keys.git", "other"),
        ("http://git.example.com/keys.git", "other"),
    ],
)
def test_an_address_tells_how_git_talks(repository: str, kind: str) -> None:
    assert kind_of(repository) == kind


@pytest.mark.parametrize("repository", ["keys.git", "ext::sh -c id", "-o:x", "ftp://example.com/x", "--upload-pack=id"])
def test_what_is_no_address_is_refused(repository: str) -> None:
    with pytest.raises(GitError, match=r"git\.repository"):
        kind_of(repository)


@pytest.mark.parametrize(
    "repository",
    [
        "https://secret@git.example.com/x",
        "http://secret@git.example.com/x",
        "HTTPS://secret@git.example.com/x",
        "https://robot:secret@git.example.com/x",
        "https://a@secret@git.example.com/x",
        "https://a/secret@git.example.com/x",
        "https://a%40secret@git.example.com/x",
        "https://@git.example.com/x",
        "https://git.example.com/x?token=secret",
        "https://git.example.com/x#secret",
        "https://git.example.com\\@secret/x",
        "https://git.example.com/x secret\n",
        " https://secret@git.example.com/x",
        "ssh://git:secret@git.example.com/x",
        "ssh://git%3Asecret@git.example.com/x",
        "ssh://git@git.example.com/x?secret",
        "git:secret@git.example.com:x",
        "git@git.example.com:x?secret",
        "git@git.example.com:secret\\x",
        "git::https://secret@git.example.com/x",
        "file://secret@host/x",
        "/srv/secret\n",
        "-secret@host:x",
    ],
)
def test_an_address_with_a_secret_or_something_odd_is_refused_and_not_quoted(repository: str) -> None:
    for others in ({}, {"token": TOKEN}, {"ssh_key_file": "/dev/null"}):
        with pytest.raises(GitError, match=r"git\.repository") as caught:
            access_from(given(repository, **others), {})
        assert "secret" not in str(caught.value)


def test_a_user_of_ssh_is_not_shown() -> None:
    with pytest.raises(GitError) as caught:
        access_from(given("ssh://somebody@git.example.com/x", token=TOKEN), {})

    assert str(caught.value).endswith("and not to ssh://git.example.com/x")


@pytest.mark.parametrize(
    ("repository", "others", "words"),
    [
        ("https://robot:secret@git.example.com/x", {}, "holds a password"),
        ("http://git.example.com/x", {"token": TOKEN}, "https:// only"),
        ("git@git.example.com:x", {"token": TOKEN}, "https:// only"),
        ("https://git.example.com/x", {"ssh_key_file": "/dev/null"}, "is for an address of SSH"),
        ("git@git.example.com:x", {"ssh_key_file": "/does/not/exist"}, "cannot be read"),
    ],
)
def test_what_does_not_fit_together_is_refused(repository: str, others: dict[str, t.Any], words: str) -> None:
    with pytest.raises(GitError, match=words) as caught:
        access_from(given(repository, **others), {})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", ["ssh_key_file", "known_hosts_file"])
def test_a_file_that_others_may_write_is_not_for_git(tmp_path: Path, option: str) -> None:
    path = tmp_path / "file"
    path.write_text("")
    path.chmod(0o646)

    with pytest.raises(GitError, match="which git is to use: others may write it"):
        access_from(given("git@git.example.com:x", **{option: str(path)}), {})


def test_the_token_is_in_a_variable_and_nowhere_else() -> None:
    access = Access("https://git.example.com:8443/x", "robot", TOKEN)

    assert TOKEN in access.environ().values()
    assert TOKEN not in repr(access) + str(access.settings())
    assert access.settings()[1].startswith("credential.https://git.example.com:8443.helper=!")


def test_ssh_asks_nothing_and_trusts_only_hosts_that_are_known(tmp_path: Path) -> None:
    key_file, known_hosts = tmp_path / "a key", tmp_path / "known hosts"
    key_file.touch()
    known_hosts.touch()
    access = Access("git@git.example.com:x", ssh_key_file=str(key_file), known_hosts_file=str(known_hosts))

    words = shlex.split(access.environ()["GIT_SSH_COMMAND"])

    assert words[:3] == ["ssh", "-F", "none"]
    options = {word for flag, word in zip(words, words[1:]) if flag == "-o"}
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes", f'UserKnownHostsFile="{known_hosts}"'} <= options
    assert words[-2:] == ["-i", str(key_file)]


@pytest.mark.parametrize(
    ("repository", "options", "expected"),
    [
        ("https://git.example.com/x", {}, ("from-environ", None)),
        ("https://git.example.com/x", {"token": TOKEN}, (TOKEN, None)),
        ("git@git.example.com:x", {}, (None, "/dev/null")),
        ("/srv/git/x", {}, (None, None)),
    ],
)
def test_the_environment_gives_what_fits_the_address_and_the_task_does_not_say(
    repository: str, options: dict[str, t.Any], expected: tuple[str | None, str | None]
) -> None:
    environ = {"CLOUDKEYS_GIT_TOKEN": "from-environ", "CLOUDKEYS_GIT_SSH_KEY_FILE": "/dev/null"}

    access = access_from(given(repository, **options), environ)

    assert (access.token, access.ssh_key_file) == expected


def test_an_empty_variable_counts_as_unset() -> None:
    environ = {"CLOUDKEYS_GIT_TOKEN": "", "CLOUDKEYS_GIT_SSH_KEY_FILE": "", "CLOUDKEYS_GIT_KNOWN_HOSTS_FILE": ""}

    assert access_from(given("https://git.example.com/x"), environ).token is None
    assert access_from(given("git@git.example.com:x"), environ).ssh_key_file is None
