# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs plays with everything switched on that shows or keeps something, and searches what they left."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import files_of_a_run
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD, Workplace
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.scanner import scan

PLAYS = Path(__file__).parent / "plays"
OUTPUT_IS_ALL = ["-vvvv", "--diff"]
LONGEST_RUN_SECONDS = 120

Way = t.Literal["terminal", "runner"]


class Stage:
    """A workplace; `named` is the folder of the files that the user named to hold a secret."""

    def __init__(self, root: Path, server: IamServer):
        self.workplace = Workplace(root, server)
        self.server = server
        self.root = root
        self.named = root / "named"
        self.named.mkdir()
        self.secrets = {"login key": server.api_key, "vault password": VAULT_PASSWORD}
        self.workplace.password_file = self.workplace.password_file.rename(self.named / "password")
        (self.named / "login").write_text(server.api_key, encoding="utf-8")

    def new_secret(self, name: str) -> str:
        """A value that looks like a key and is none."""
        self.secrets[name] = secrets.token_urlsafe(33)
        return self.secrets[name]

    def write_vault_file(self, name: str, **values: str) -> None:
        """A variables file with vaulted values, as a user would have it."""
        vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
        sealed = {key: vault.encrypt(value, vault_id=VAULT_ID).decode() for key, value in values.items()}
        lines = [f"{key}: !vault |\n{textwrap.indent(text, '  ')}" for key, text in sealed.items()]
        (self.root / "work" / name).write_text("---\n" + "".join(lines), encoding="utf-8")

    def read_vault_file(self, name: str) -> dict[str, t.Any]:
        self.workplace.vault_file = self.root / "work" / name
        return self.workplace.read_vault_file()

    def learn_values(self) -> int:
        """Take in every value that the vault file holds now, and tell how many secrets are known."""
        for value in self.workplace.secrets() - set(self.secrets.values()):
            self.secrets[f"value {len(self.secrets)}"] = value
        return len(self.secrets)

    def play(self, way: Way, play: str, *, environ: dict[str, str] | None = None, **variables: t.Any) -> str:
        """Run a play one way, and return what it printed."""
        asked = self.root / "work" / "asked.json"
        asked.write_text(
            json.dumps({"named": str(self.named), "work": str(asked.parent), **variables}), encoding="utf-8"
        )
        words = [*OUTPUT_IS_ALL, "--vault-id", f"{VAULT_ID}@{self.workplace.password_file}", "-e", f"@{asked}"]
        surroundings = {**self.environ(), **(environ or {})}
        if way == "terminal":
            return self.run(["ansible-playbook", play, *words], surroundings)
        return self._run_by_runner(play, words, surroundings)

    def run(self, command: t.Sequence[str], environ: dict[str, str] | None = None) -> str:
        """Run a command; what it prints is scanned like everything else."""
        done = subprocess.run(
            command,
            cwd=self.root / "work",
            env=environ or self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN_SECONDS,
            check=False,
        )
        number = len(list((self.root / "output").iterdir()))
        (self.root / "output" / f"{number}.stdout").write_text(done.stdout, encoding="utf-8")
        (self.root / "output" / f"{number}.stderr").write_text(done.stderr, encoding="utf-8")
        return done.stdout + done.stderr

    def environ(self) -> dict[str, str]:
        return {
            **self.workplace.environ(),
            "ANSIBLE_LOG_PATH": str(self.root / "output" / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.root / "facts"),
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
        }

    def leaks(self) -> list[str]:
        """Where a secret is although nobody wanted it there."""
        files = files_of_a_run(self.root, self.workplace.started_at)
        return scan([path for path in files if self.named not in path.parents], self.secrets)

    def _run_by_runner(self, play: str, words: list[str], environ: dict[str, str]) -> str:
        """As AWX does it: job events, artifacts and a fact cache."""
        private = self.root / f"runner-{len(list(self.root.glob('runner-*')))}"
        (private / "project").mkdir(parents=True)
        kept = {name: value for name, value in environ.items() if name != "IBMCLOUD_API_KEY"}
        kept["PATH"] = f"{self._folder_with_login()}{os.pathsep}{kept['PATH']}"
        command = [sys.executable, "-m", "ansible_runner", "run", str(private), "-p", play]
        told = self.run([*command, f"--cmdline={shlex.join(words)}"], kept)
        events = list(private.glob("artifacts/*/job_events/*.json"))
        assert events, f"no job events: {told}"
        return told

    def _folder_with_login(self) -> Path:
        """Runner writes down its own environment, so the log-in is added behind its back."""
        script = self.named / "bin" / "ansible-playbook"
        script.parent.mkdir(exist_ok=True)
        login, real = (
            shlex.quote(str(path)) for path in (self.named / "login", Path(sys.executable).parent / script.name)
        )
        script.write_text(f'#!/bin/sh\nIBMCLOUD_API_KEY=$(cat {login}) exec {real} "$@"\n', encoding="utf-8")
        script.chmod(0o700)
        return script.parent
