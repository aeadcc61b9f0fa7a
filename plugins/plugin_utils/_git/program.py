# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls of the program `git`: without the user's settings, hooks and questions, and never without end."""

from __future__ import annotations

import os
import signal
import subprocess
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import with_shown_addresses
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError

# What Git and what it starts may know of the surroundings: the rest could change what it does, or make it log a token.
_KEPT_VARIABLES = frozenset(
    ["PATH", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"]
    + [name for proxy in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (proxy, proxy.upper())]
)
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
}
_NOISE = ("hint:", "error: failed to push some refs")
_LINES_SHOWN = 3
_CHARACTERS_SHOWN = 400
TIMED_OUT = -1

HINTS = {
    "Host key verification failed": "the host is not known: give git.known_hosts_file",
    "Permission denied (publickey": "give git.ssh_key_file with a key that may push",
    "could not read Username": "give git.token, or CLOUDKEYS_GIT_TOKEN in the environment",
    "Authentication failed": "the token is not accepted there",
    "returned error: 403": "the token may not do this there",
    "couldn't find remote ref": "the branch is not there: push a first commit to it",
}


@dataclass(frozen=True)
class Done:
    """How a call ended; `code` is 0 when it went well, and TIMED_OUT when it was stopped."""

    code: int
    stdout: bytes = field(repr=False)
    stderr: str = field(repr=False)

    @property
    def words(self) -> str:
        """What Git said last, with what to do about it if that is known."""
        lines = [line.strip() for line in self.stderr.splitlines()]
        telling = [line for line in lines if line and not line.startswith(_NOISE)][-_LINES_SHOWN:]
        said = "".join(each if each.isprintable() else " " for each in "; ".join(telling))
        said = with_shown_addresses(said)[-_CHARACTERS_SHOWN:]
        hint = next((hint for part, hint in HINTS.items() if part in self.stderr), None)
        return f"{said or 'git said nothing'}{f' ({hint})' if hint else ''}"


class Git:
    """`folder` holds a bare repository and is Git's home as well, so that no other settings are found."""

    def __init__(self, folder: str, access: Access, timeout_seconds: float, environ: t.Mapping[str, str]) -> None:
        self._folder = folder
        self._access = access
        self._timeout_seconds = timeout_seconds
        self._environ = {name: value for name, value in environ.items() if name in _KEPT_VARIABLES}

    def call(self, *arguments: str, given: bytes = b"", environ: t.Mapping[str, str] | None = None) -> bytes:
        """Do something in the folder and return what Git printed; raises GitError."""
        done = self._run([], arguments, given, environ or {})
        if done.code:
            raise GitError(f"git {arguments[0]} failed: {done.words}")
        return done.stdout

    def holds(self, *arguments: str) -> bool:
        """Ask Git something that it answers by its exit code; raises GitError when it answers neither yes nor no."""
        return self.ask(*arguments) is not None

    def ask(self, *arguments: str) -> bytes | None:
        """What Git prints to what it answers by its exit code, None for a no; raises GitError as `holds` does."""
        done = self._run([], arguments, b"", {})
        if done.code not in (0, 1):
            raise GitError(f"git {arguments[0]} failed: {done.words}")
        return None if done.code else done.stdout

    def talk(self, *arguments: str) -> Done:
        """Talk to the server; the credentials are with this call and no other."""
        return self._run(self._access.settings(), arguments, b"", self._access.environ())

    def _run(self, settings: list[str], arguments: t.Sequence[str], given: bytes, more: t.Mapping[str, str]) -> Done:
        words = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        try:
            # A session of its own: Git starts other programs, and all of them have to end with it.
            process = subprocess.Popen(  # noqa: S603  # no shell; access.py and repository.py check what users name
                ["git", *words, *settings, *arguments],  # noqa: S607  # as everywhere, PATH says which Git
                cwd=self._folder,
                env=self._surroundings(more),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise GitError(
                "the program git is not installed on the controller, or not in the execution environment"
            ) from None
        except OSError as error:
            raise GitError(f"the program git cannot be started: {error.strerror}") from None
        return self._end_of(process, given)

    def _end_of(self, process: subprocess.Popen[bytes], given: bytes) -> Done:
        is_late = False
        try:
            stdout, stderr = process.communicate(given, timeout=self._timeout_seconds)
        except subprocess.TimeoutExpired:
            is_late = True
        finally:
            # Also when `timeout` of the task interrupts this.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        if is_late:
            process.communicate()
            return Done(TIMED_OUT, b"", f"no answer within {self._timeout_seconds:g} seconds")
        return Done(process.returncode, stdout, stderr.decode("utf-8", "replace"))

    def _surroundings(self, more: t.Mapping[str, str]) -> dict[str, str]:
        return {
            **self._environ,
            "HOME": self._folder,
            "LC_ALL": "C",
            "GIT_DIR": self._folder,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
            **more,
        }
