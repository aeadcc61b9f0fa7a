# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a repository is and how Git logs in there; nothing secret is in an argument, a file or the address."""

from __future__ import annotations

import os
import re
import shlex
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import (
    NOT_SHOWN,
    Parts,
    is_printable,
    parts_of,
    scp_parts,
    shown_address,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import read_own_text
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError

# An empty one counts as unset, because AWX injects empty ones.
TOKEN_VARIABLE = "CLOUDKEYS_GIT_TOKEN"  # noqa: S105  # the name of a variable, not a token
SSH_KEY_VARIABLE = "CLOUDKEYS_GIT_SSH_KEY_FILE"
KNOWN_HOSTS_VARIABLE = "CLOUDKEYS_GIT_KNOWN_HOSTS_FILE"

_USER_OF_HELPER = "CLOUDKEYS_GIT_HELPER_USER"
_TOKEN_OF_HELPER = "CLOUDKEYS_GIT_HELPER_TOKEN"  # noqa: S105  # the name of a variable, not a token
# Git has a shell run this, and adds what it wants: only an answer to `get` is needed.
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    f'"${_USER_OF_HELPER}" "${_TOKEN_OF_HELPER}"; }}; f'
)

WOULD_SHOW = "which logs and process lists would show"
_USER = re.compile(r"[A-Za-z0-9._-]+")

Kind = t.Literal["https", "ssh", "other"]


@dataclass(frozen=True)
class Access:
    """An address and what Git logs in with; raises GitError when these do not fit together."""

    repository: str
    username: str = "x-access-token"
    token: str | None = field(default=None, repr=False)
    ssh_key_file: str | None = None
    known_hosts_file: str | None = None

    def __post_init__(self) -> None:
        kind = kind_of(self.repository)
        if self.token and kind != "https":
            raise GitError(f"git.token goes to an address with https:// only, and not to {self.shown}")
        if self.ssh_key_file and kind != "ssh":
            raise GitError(f"git.ssh_key_file is for an address of SSH, and {self.shown} is none")
        for path in filter(None, (self.ssh_key_file, self.known_hosts_file)):
            _check_file(path)

    @property
    def shown(self) -> str:
        """What a message may hold of the address."""
        return shown_address(self.repository)

    def settings(self) -> list[str]:
        """Arguments for Git: the token is asked of a helper, for the server of the address and no other."""
        parts = parts_of(self.repository)
        if not (self.token and parts):
            return []
        server = f"{parts.scheme}://{parts.host_and_port}"
        return ["-c", f"credential.{server}.helper={_HELPER}"]

    def environ(self) -> dict[str, str]:
        """Variables for Git and what it starts: the token, or how SSH is called."""
        if kind_of(self.repository) == "ssh":
            return {"GIT_SSH_COMMAND": shlex.join(self._ssh()), "GIT_SSH_VARIANT": "ssh"}
        return {_USER_OF_HELPER: self.username, _TOKEN_OF_HELPER: self.token} if self.token else {}

    def _ssh(self) -> list[str]:
        """No settings of the user, no questions, and no host that is not known."""
        command = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        if self.known_hosts_file:
            # The quotes are for ssh, which takes several files in this option.
            command += [
                "-o",
                f'UserKnownHostsFile="{self.known_hosts_file}"',
                "-o",
                f"GlobalKnownHostsFile={os.devnull}",
            ]
        if self.ssh_key_file:
            command += ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", self.ssh_key_file]
        return command


def _check_file(path: str) -> None:
    """Raise GitError for a file that cannot be read, or whose content others could have chosen."""
    if path == os.devnull:
        return
    try:
        read_own_text(path, "latin-1")
    except OSError as error:
        raise GitError(f"{path} cannot be read, which git is to use: {reason_of(error)}") from None


def kind_of(repository: str) -> Kind:
    """How Git talks to this address; raises GitError for one that is none, or that holds what must not be seen."""
    parts = parts_of(repository)
    if parts:
        if parts.scheme not in ("https", "http", "ssh", "file") or not repository.startswith(parts.scheme):
            raise GitError("git.repository is an address of another kind than https://, ssh:// or file://")
        _refuse_what_others_would_see(parts)
        return t.cast(Kind, parts.scheme) if parts.scheme in ("https", "ssh") else "other"
    if os.path.isabs(repository) and is_printable(repository):
        return "other"
    found = scp_parts(repository)
    if found is None or repository.startswith("-"):
        raise GitError("git.repository is neither an address (https://HOST/PATH, USER@HOST:PATH) nor an absolute path")
    if shown_address(repository) == NOT_SHOWN or not is_printable(repository):
        raise GitError(f"git.repository holds a password or something odd behind the host, {WOULD_SHOW}")
    return "ssh"


def _refuse_what_others_would_see(parts: Parts) -> None:
    """The address of a repository is an argument of Git, in its messages and in its files."""
    if parts.rest or not parts.is_plain:
        raise GitError(f"git.repository has something odd in its host or behind its path, {WOULD_SHOW}")
    if parts.user is None:
        return
    if parts.scheme != "ssh":
        raise GitError(f"git.repository holds a password or a user, {WOULD_SHOW}: use git.username and git.token")
    if not _USER.fullmatch(parts.user):
        raise GitError(f"git.repository holds a password, {WOULD_SHOW}: use git.ssh_key_file")


def access_from(given: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Access:
    """What the options say, and where they say nothing the environment, as far as it fits the address."""
    kind = kind_of(given["repository"])
    has_login = given["token"] or given["ssh_key_file"]
    token = given["token"] or (environ.get(TOKEN_VARIABLE) if kind == "https" and not has_login else None)
    key_file = given["ssh_key_file"] or (environ.get(SSH_KEY_VARIABLE) if kind == "ssh" and not has_login else None)
    known_hosts_file = given["known_hosts_file"] or (environ.get(KNOWN_HOSTS_VARIABLE) if kind == "ssh" else None)
    return Access(given["repository"], given["username"], token or None, key_file or None, known_hosts_file or None)
