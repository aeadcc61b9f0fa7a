# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder with a home, a temp folder and a vault file of its own, in which a real Ansible runs."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import RECORDS_VARIABLE
from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import content_of, files_of_a_run
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import LONGEST_WAIT_SECONDS, ROOT, IamServer

VAULT_ID = "test"
# Of its own in each process: other tests at the same time look for theirs in every file of this machine.
VAULT_PASSWORD = f"password-{secrets.token_hex(12)}"
QUIET = {
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
}
# linux/prctl.h and linux/capability.h: with these two root obeys the mode of a folder like anybody else.
PR_CAPBSET_DROP = 24
CAPABILITIES_ABOVE_MODES = (1, 2)


class Run:
    """One `ansible-playbook` in a process group of its own; what it prints goes to a file beside the vault file."""

    def __init__(self, command: t.Sequence[str], folder: Path, environ: dict[str, str], output: Path) -> None:
        self._output = output
        with output.open("w") as stream:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_obey_modes,  # noqa: PLW1509  # the tests start no threads
            )
        self.pid = self._process.pid

    def wait(self, longest_seconds: float = LONGEST_WAIT_SECONDS) -> int:
        """The exit code; a run that does not end is killed."""
        try:
            return self._process.wait(longest_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def stop(self) -> None:
        """Let the main process do nothing more; its worker goes on."""
        os.kill(self.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL to the process group, as AWX cancels a job."""
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")


class Workplace:
    """Everything below `root` was made by the test or by the runs; nothing else uses it."""

    def __init__(self, root: Path, server: IamServer) -> None:
        self.root = root
        self.server = server
        self.vault_file = root / "work" / "secrets.yml"
        self.started_at = time.time()
        self._runs: list[Run] = []
        for name in ("home", "tmp", "work", "output"):
            (root / name).mkdir()
        self.password_file = root / "password"
        self.password_file.write_text(VAULT_PASSWORD, encoding="utf-8")

    def environ(self) -> dict[str, str]:
        """What a run gets from its surroundings: the log-in comes from there, as in AWX."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "IBMCLOUD", "IC_"))
        }
        return {
            **kept,
            **QUIET,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "IBMCLOUD_API_KEY": self.server.api_key,
            "IBMCLOUD_IAM_API_ENDPOINT": self.server.url,
        }

    def start_rotation(
        self,
        slots: t.Any,
        *,
        vault_ids: t.Sequence[str] = (VAULT_ID,),
        arguments: t.Sequence[str] = (),
        **variables: t.Any,
    ) -> Run:
        """Begin `ansible-playbook cloudkeys.ibmcloud.rotate` over these slots; names in capitals are environment."""
        asked = {"slots": slots, **{name: value for name, value in variables.items() if name.islower()}}
        return self.start_playbook(
            "cloudkeys.ibmcloud.rotate",
            {f"rotate_api_keys_{name}": value for name, value in asked.items()},
            {name: value for name, value in variables.items() if name.isupper()},
            vault_ids=vault_ids,
            arguments=arguments,
        )

    def start_playbook(
        self,
        playbook: str,
        variables: dict[str, t.Any],
        environ: dict[str, str] | None = None,
        *,
        vault_ids: t.Sequence[str] = (VAULT_ID,),
        arguments: t.Sequence[str] = (),
    ) -> Run:
        """Begin a playbook with these variables."""
        number = len(list((self.root / "output").iterdir()))
        asked = self.root / f"asked-{number}.json"
        asked.write_text(json.dumps(variables), encoding="utf-8")
        ids = [word for vault_id in vault_ids for word in ("--vault-id", f"{vault_id}@{self.password_file}")]
        command = ["ansible-playbook", playbook, *ids, "-e", f"@{asked}", *arguments]
        surroundings = {**self.environ(), **(environ or {})}
        self._runs.append(Run(command, self.root / "work", surroundings, self.root / "output" / f"{number}.txt"))
        return self._runs[-1]

    def end_runs(self) -> None:
        """Kill what a failed test left running."""
        for run in self._runs:
            if run.is_running:
                run.kill()

    def read_vault_file(self) -> dict[str, t.Any]:
        """The variables of the vault file, decrypted by Ansible's own code."""
        found: dict[str, t.Any] = yaml.load(self.vault_file.read_text(encoding="utf-8"), Loader=_Loader)
        return found

    def value(self, variable: str) -> str | None:
        return t.cast("str | None", self.read_vault_file().get(variable))

    def record(self, variable: str) -> dict[str, t.Any]:
        found: dict[str, t.Any] = self.read_vault_file()[RECORDS_VARIABLE][variable]
        return found

    def secrets(self) -> set[str]:
        """The key that the runs log in with, and every value that the vault file holds now."""
        content = self.vault_file.read_text(encoding="utf-8") if self.vault_file.exists() else ""
        loader = _Loader(content)
        try:
            loader.get_single_data()
        finally:
            loader.dispose()
        return {self.server.api_key, *loader.opened}

    def leaks(self, secrets: t.Iterable[str]) -> list[str]:
        """Files written since the start that hold one of these in clear."""
        needles = [secret.encode() for secret in secrets]
        files = files_of_a_run(self.root, self.started_at)
        return [str(path) for path in files if any(needle in content_of(path) for needle in needles)]


class _Loader(yaml.SafeLoader):
    """Reads a vault file, and remembers what it opened."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.opened: list[str] = []


def _open(loader: _Loader, node: yaml.ScalarNode) -> str:
    vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
    loader.opened.append(vault.decrypt(node.value).decode())
    return loader.opened[-1]


_Loader.add_constructor("!vault", _open)


def child_of(pid: int) -> int:
    """The only process that this one has started."""
    (child,) = (child for child, (state, parent) in _processes().items() if parent == pid and state != "Z")
    return child


def worker_of(pid: int) -> int:
    """The process that does the task: a child of the main one, since ansible-core 2.19 in a session of its own."""
    children = [child for child, (state, parent) in _processes().items() if parent == pid and state != "Z"]
    apart = [child for child in children if os.getpgid(child) != pid]
    return (apart or children)[0]


def is_alive(pid: int) -> bool:
    return _processes().get(pid, ("Z", 0))[0] != "Z"


def _processes() -> dict[int, tuple[str, int]]:
    """State and parent of every process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        stat = content_of(folder / "stat").decode(errors="replace")
        if stat:
            # The name of the program, in parentheses, may hold anything.
            state, parent = stat.rpartition(")")[2].split()[:2]
            found[int(folder.name)] = (state, int(parent))
    return found


def _obey_modes() -> None:
    """Take from root what lets it write where a mode forbids it; runs in the child, before Ansible."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None and os.geteuid() == 0:
        for capability in CAPABILITIES_ABOVE_MODES:
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
