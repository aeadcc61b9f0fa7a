# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs plays with everything switched on that shows or keeps something, and searches what they left."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import textwrap
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.release import __version__
from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import files_of_a_run
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD, Workplace
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.canaries import make_canaries
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.scanner import Found, scan
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.watch import Watch

CORE = tuple(int(part) for part in __version__.split(".")[:2])
PLAYS = Path(__file__).parent / "plays"
LONGEST_RUN_SECONDS = 600
LOGIN = "log-in from the environment"
ANY_TOKEN = "any token"
# AWX types the password at this prompt; awx/main/tasks/jobs.py has the same expression.
PROMPT = rf"Vault password \({VAULT_ID}\):\s*?$"


@dataclass(frozen=True)
class Manner:
    """How Ansible is started; `way` is a terminal, or a private data folder as in AWX."""

    way: t.Literal["terminal", "awx"] = "terminal"
    verbosity: int = 4
    in_process: bool = True
    check: bool = False

    def __str__(self) -> str:
        verbosity = f"-{'v' * self.verbosity}" if self.verbosity else "quiet"
        where = "in process" if self.in_process else "as a module"
        return ", ".join([self.way, verbosity, where, *(["check mode"] if self.check else [])])

    def words(self) -> list[str]:
        shown = [f"-{'v' * self.verbosity}"] if self.verbosity else []
        return [*shown, "--diff", *(["--check"] if self.check else [])]

    def environ(self) -> dict[str, str]:
        # Starting a module takes a while, so what is the same in process is left out.
        return {} if self.in_process else {"CLOUDKEYS_IN_PROCESS": "0", "ANSIBLE_SKIP_TAGS": "in_process_only"}


TERMINAL = Manner()
AWX = Manner("awx")
AWX_QUIET = Manner("awx", verbosity=0)
AWX_MODULE = replace(AWX, in_process=False)
AWX_QUIET_MODULE = replace(AWX_QUIET, in_process=False)
TERMINAL_MODULE = replace(TERMINAL, in_process=False)
AWX_CHECK = replace(AWX, check=True)


@dataclass
class Tally:
    """What was tried: a way is a secret in one place of one run."""

    runs: int = 0
    ways: int = 0
    files: int = 0
    leaks: int = 0

    def __str__(self) -> str:
        return (
            f"{self.ways} ways out tried in {self.runs} runs of Ansible, {self.files} files searched, "
            f"{self.leaks} leaks found"
        )


class Stage:
    """A workplace; `named` is the folder of the files that the user named to hold a secret."""

    def __init__(self, root: Path, server: IamServer, tally: Tally) -> None:
        self.workplace = Workplace(root, server)
        self.server = server
        self.root = root
        self.work = root / "work"
        self.named = root / "named"
        self.named.mkdir()
        self.secrets = {
            LOGIN: server.api_key,
            "vault password": VAULT_PASSWORD,
            # All tokens begin alike, those of other runs on this machine too.
            ANY_TOKEN: server.token(server.api_key).partition(".")[0],
        }
        self.workplace.password_file = self.workplace.password_file.rename(self.named / "password")
        self.watches: list[Watch] = []
        self._tally = tally
        self._allowed: dict[str, str] = {}

    def new_secret(self, name: str) -> str:
        """A value that looks like a key and is none."""
        self.secrets[name] = secrets.token_urlsafe(33)
        return self.secrets[name]

    def write_vault_file(self, name: str, values: t.Mapping[str, str]) -> None:
        """A variables file with the mapping `canary` of vaulted values, as a user would have it."""
        vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
        sealed = {key: vault.encrypt(value, vault_id=VAULT_ID).decode() for key, value in values.items()}
        lines = [f"  {key}: !vault |\n{textwrap.indent(text, '    ')}" for key, text in sealed.items()]
        (self.work / name).write_text("---\ncanary:\n" + "".join(lines), encoding="utf-8")

    def read_vault_file(self, name: str) -> dict[str, t.Any]:
        self.workplace.vault_file = self.work / name
        return self.workplace.read_vault_file()

    def learn_values(self) -> int:
        """Take in every value that the vault file holds now, and tell how many were new."""
        new = self.workplace.secrets() - set(self.secrets.values())
        self.secrets.update({f"value {len(self.secrets) + number}": value for number, value in enumerate(sorted(new))})
        return len(new)

    def learn_key_file(self, name: str) -> None:
        """Take in the value that a key file in `named` holds."""
        self.secrets[name] = json.loads((self.named / name).read_text(encoding="utf-8"))["apikey"]

    def hand_out_canaries(self, play: str, *, vaulted: bool = True) -> str:
        """Give a play its secrets; returns the play."""
        canaries = make_canaries(Path(play).read_text(encoding="utf-8"), self.server)
        if vaulted:
            self.write_vault_file("canaries.yml", canaries)
        else:
            (self.work / "canaries.yml").write_text(json.dumps({"canary": canaries}), encoding="utf-8")
        for name, value in canaries.items():
            self.secrets[name] = value
            if name.startswith("file_"):
                (self.named / name).write_text(value, encoding="utf-8")
        return play

    def play(self, manner: Manner, play: str, *, environ: dict[str, str] | None = None, **variables: t.Any) -> str:
        """Run a play, and return what it printed."""
        asked = self.work / "asked.json"
        told = {"named": str(self.named), "work": str(self.work), **variables}
        asked.write_text(json.dumps(told), encoding="utf-8")
        words = [*manner.words(), "-e", f"@{asked}"]
        surroundings = {**self.environ(), **manner.environ(), **(environ or {})}
        if manner.way == "awx":
            return self._play_as_awx(play, words, surroundings)
        return self.run(
            ["ansible-playbook", play, *words, "--vault-id", f"{VAULT_ID}@{self.workplace.password_file}"], surroundings
        )

    def run(self, command: t.Sequence[str], environ: dict[str, str] | None = None, told: str = "") -> str:
        """Run a command; what it prints and what `ps` shows is scanned like everything else."""
        with Watch(self.root / "home" / ".ansible", self.root / "tmp") as watch:
            done = subprocess.run(
                command,
                cwd=self.work,
                env={**(environ or self.environ()), **watch.environ},
                input=told,
                capture_output=True,
                text=True,
                timeout=LONGEST_RUN_SECONDS,
                check=False,
            )
        self.watches.append(watch)
        self._tally.runs += 1
        self._tally.ways += len(self.secrets)
        number = len(list((self.root / "output").iterdir()))
        (self.root / "output" / f"{number}.stdout").write_text(done.stdout, encoding="utf-8")
        (self.root / "output" / f"{number}.stderr").write_text(done.stderr, encoding="utf-8")
        (self.root / "output" / f"{number}.arguments").write_bytes(b"\n".join(watch.arguments))
        return done.stdout + done.stderr

    def environ(self) -> dict[str, str]:
        return {
            **self.workplace.environ(),
            "ANSIBLE_LOG_PATH": str(self.root / "output" / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.root / "facts"),
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            # Ansible takes these from the home of the user, not from HOME.
            "ANSIBLE_REMOTE_TMP": str(self.root / "home" / ".ansible" / "tmp"),
            "ANSIBLE_ASYNC_DIR": str(self.root / "home" / ".ansible_async"),
        }

    def allow(self, name: str, pattern: str) -> None:
        """Files in which one secret, and no other, is where it belongs; `leaks` leaves it out there."""
        self._allowed[name] = pattern

    def places_of(self, name: str) -> set[str]:
        """Where one secret is, allowed or not, below the stage's folder."""
        found = {each.path for each in self._found({name: self.secrets[name]})}
        return {str(path.relative_to(self.root) if path.is_relative_to(self.root) else path) for path in found}

    def leaks(self) -> list[str]:
        """Where a secret is although nobody wanted it there."""
        allowed = {(name, path) for name, pattern in self._allowed.items() for path in self.root.glob(pattern)}
        found = [
            str(each)
            for each in self._found(self.secrets)
            if self.named not in each.path.parents and (each.name, each.path) not in allowed
        ]
        self._tally.leaks += len(found)
        # pytest shortens a long list, and shows this in whole.
        print(*found, sep="\n")
        return found

    def _found(self, secrets: dict[str, str]) -> list[Found]:
        files = self._files()
        self._tally.files += len(files)
        found = scan(files, secrets)
        return [each for each in found if each.name != ANY_TOKEN or self.root in each.path.parents]

    def _files(self) -> list[Path]:
        return files_of_a_run(self.root, self.workplace.started_at)

    def _play_as_awx(self, play: str, words: list[str], environ: dict[str, str]) -> str:
        private = self.root / f"runner-{len(list(self.root.glob('runner-*')))}"
        (private / "project").mkdir(parents=True)
        # The only file that runner writes the environment into; AWX removes the folder after the job.
        self.allow(LOGIN, "runner-*/artifacts/*/command")
        given = {name: environ[name] for name in environ if name.startswith(("IBMCLOUD", "ANSIBLE", "CLOUDKEYS"))}
        asked = {
            "private_data_dir": str(private),
            "playbook": play,
            "cmdline": " ".join([*words, "--vault-id", f"{VAULT_ID}@prompt"]),
            "envvars": {name: value for name, value in given.items() if not name.startswith("ANSIBLE_CACHE")},
            "passwords": {PROMPT: VAULT_PASSWORD},
        }
        kept = {name: value for name, value in environ.items() if name not in given}
        told = self.run([sys.executable, str(Path(__file__).parent / "awx.py")], kept, json.dumps(asked))
        assert list(private.glob("artifacts/*/job_events/*.json")), f"no job events: {told}"
        return told


def seen_in(secret: str, contents: t.Iterable[bytes]) -> bool:
    """Whether a secret is in one of these in clear."""
    return any(secret.encode() in content for content in contents)
