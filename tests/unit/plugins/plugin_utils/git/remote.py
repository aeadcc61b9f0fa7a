# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bare repository on disk that plays the server, and what other people do to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
import typing as t
from pathlib import Path

BRANCH = "main"
PERSON = {f"GIT_{role}_{part}": "somebody" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


class Remote:
    """`path` is its address; commits of others are made directly in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", ".")
        self.write("README.md", "for people\n")

    @classmethod
    def copy_of(cls, other: Remote, path: Path) -> Remote:
        """Another server with the same repository."""
        made = cls.__new__(cls)
        made.path = path
        shutil.copytree(other.path, path)
        return made

    def git(self, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **PERSON, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
            input=given,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, path: str, content: str, mode: str = "100644") -> str:
        """Somebody commits a file."""
        blob = self.git("hash-object", "-w", "--stdin", given=content)
        if self.tips():
            self.git("read-tree", BRANCH)
        self.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
        parents = ["-p", self.tip] if self.tips() else []
        commit = self.git("commit-tree", self.git("write-tree"), *parents, "-m", f"write {path}")
        self.git("update-ref", f"refs/heads/{BRANCH}", commit)
        return commit

    def read(self, path: str) -> str:
        return self.git("show", f"{BRANCH}:{path}")

    def tips(self) -> str:
        return self.git("for-each-ref", f"refs/heads/{BRANCH}")

    @property
    def tip(self) -> str:
        return self.git("rev-parse", BRANCH)

    def messages(self) -> list[str]:
        """Of all commits, newest first."""
        return self.git("log", "-z", "--format=%B", BRANCH).strip("\0").split("\0")

    def hook(self, name: str, script: str) -> None:
        """Let the server do something at each push."""
        hook = self.path / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}", encoding="utf-8")
        hook.chmod(0o755)

    def is_faster_once(self, theirs: str, note: Path) -> None:
        """Let somebody move the branch to `theirs` while the first push is under way; `note` is there then."""
        self.hook(
            "pre-receive",
            f"""
            unset GIT_QUARANTINE_PATH
            test -e {note} && exit 0
            touch {note}
            git update-ref refs/heads/{BRANCH} {theirs}
            """,
        )

    def never_rests(self, notes: Path, times: int = 99) -> None:
        """Let somebody push during each push, so many times; each leaves a file in the folder `notes`."""
        notes.mkdir(exist_ok=True)
        tree = self.git("rev-parse", f"{BRANCH}^{{tree}}")
        self.hook(
            "pre-receive",
            f"""
            unset GIT_QUARANTINE_PATH
            export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
            test $(ls {notes} | wc -l) -lt {times} || exit 0
            touch {notes}/$(date +%N)
            git update-ref refs/heads/{BRANCH} $(date +%N | git commit-tree {tree} -p {BRANCH})
            """,
        )

    def options(self, **others: t.Any) -> dict[str, t.Any]:
        """The option `git` of a task, with its defaults."""
        return {
            "repository": str(self.path),
            "branch": BRANCH,
            "token": None,
            "username": "x-access-token",
            "ssh_key_file": None,
            "known_hosts_file": None,
            "author_name": "robot",
            "author_email": "robot@example.com",
            "message": "Rotate API keys",
            "timeout_seconds": 20,
            "keep_working_copy": False,
            "working_copy": None,
            **others,
        }
