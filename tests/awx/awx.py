# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWX as a job sees it: credentials in the environment, a typed vault password, a project folder that goes away."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD, Run, Workplace
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import Remote

PROJECT = ROOT / "docs" / "examples" / "awx" / "project"
VAULT_FILE = "group_vars/all/secrets.yml"
# As AWX has it for the host of its demo inventory.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
# A hand-over is dozens of tasks, and other tests have their share of the machine.
LONGEST_JOB_SECONDS = 300
CREDENTIALS = ("IBMCLOUD_API_KEY", "IBMCLOUD_IAM_API_ENDPOINT")


class Job:
    """One job; `events` is what AWX keeps of it."""

    def __init__(self, run: Run, folder: Path, events_file: Path) -> None:
        self.run = run
        self.folder = folder
        self._events_file = events_file

    def wait(self) -> int:
        """The exit code; the folder is gone then."""
        code = self.run.wait(LONGEST_JOB_SECONDS)
        assert not self.folder.exists()
        return code

    @property
    def events(self) -> list[dict[str, t.Any]]:
        found: list[dict[str, t.Any]] = json.loads(self._events_file.read_text(encoding="utf-8"))
        return found

    @property
    def output(self) -> str:
        return self.run.output

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """What the job hands on to the next one of a workflow."""
        (stats,) = (event for event in self.events if event["event"] == "playbook_on_stats")
        return t.cast("dict[str, t.Any]", stats["event_data"]["artifact_data"])


class Awx:
    """Starts jobs of one project, whose repository is `remote` and holds the vault file too."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.server = workplace.server
        self.remote = Remote(workplace.root / "remote.git")
        self.checkout = workplace.root / "checkout"
        shutil.copytree(PROJECT, self.checkout)
        (self.checkout / ".git").mkdir()
        self.credentials: dict[str, str] = {}
        self.git: dict[str, t.Any] = {"repository": str(self.remote.path), "branch": "main"}
        self.hosts = ["localhost"]
        self.jobs: list[Job] = []

    def start(
        self,
        slots: list[dict[str, t.Any]],
        *,
        check: bool = False,
        asks: bool = False,
        limit: str | None = None,
        playbook: str = "rotate.yml",
        extra_vars: dict[str, t.Any] | None = None,
        **variables: t.Any,
    ) -> Job:
        """Begin a job; `asks` is for a vault password without an id, as the credential has it when that is blank.

        `variables` are options of the rotation without their prefix, `extra_vars` those of the template as they are.
        """
        number = len(self.jobs)
        folder = self.workplace.root / f"awx_{number}"
        self._fill(folder, slots, variables, extra_vars or {})
        environ = self.workplace.environ()
        credentials = {**{name: environ.pop(name) for name in CREDENTIALS}, **self.credentials}
        words = ["--ask-vault-pass"] if asks else ["--vault-id", f"{VAULT_ID}@prompt"]
        words += ["-e", f"@{folder}/env/extra", *(["--check"] if check else [])]
        words += ["--limit", limit] if limit else []
        prompt = "Vault password" if asks else f"Vault password \\({VAULT_ID}\\)"
        job = {
            "folder": str(folder),
            "playbook": playbook,
            "cmdline": shlex.join(words),
            # As AWX does it: what the credential injects, and where the job's folder is.
            "environ": {**environ, **credentials, "AWX_PRIVATE_DATA_DIR": str(folder), "JOB_ID": str(number)},
            "passwords": {rf"{prompt}:\s*?$": VAULT_PASSWORD},
            "events": str(self.workplace.root / "output" / f"{number}.events.json"),
        }
        command = [sys.executable, str(Path(__file__).with_name("run_job.py"))]
        output = self.workplace.root / "output" / f"{number}.txt"
        run = Run(command, self.workplace.root, {**environ, "JOB": json.dumps(job)}, output)
        self.jobs.append(Job(run, folder, Path(job["events"])))
        return self.jobs[-1]

    def run(self, slots: list[dict[str, t.Any]], **variables: t.Any) -> Job:
        """A job that has to go well."""
        job = self.start(slots, **variables)
        assert job.wait() == 0, job.output
        return job

    def _fill(
        self, folder: Path, slots: list[dict[str, t.Any]], variables: dict[str, t.Any], extra_vars: dict[str, t.Any]
    ) -> None:
        shutil.copytree(self.checkout, folder / "project", ignore=shutil.ignore_patterns(".git"))
        (folder / "inventory").mkdir()
        script = folder / "inventory" / "hosts"
        local = {"all": {"hosts": self.hosts}, "_meta": {"hostvars": dict.fromkeys(self.hosts, LOCAL)}}
        inventory = json.dumps(self._synced() or local)
        script.write_text(f"#!/bin/sh\nprintf %s {shlex.quote(inventory)}\n", encoding="utf-8")
        script.chmod(0o700)
        (folder / "env").mkdir()
        asked = {"slots": slots, "git": self.git, **variables}
        extra = {f"rotate_api_keys_{name}": value for name, value in asked.items() if value is not None}
        (folder / "env" / "extra").write_text(json.dumps({**extra, **extra_vars}), encoding="utf-8")

    def _synced(self) -> dict[str, t.Any] | None:
        """The inventory of the project, as AWX takes it over: what is vaulted stays so."""
        folder = self.checkout / "inventory"
        if not folder.exists():
            return None
        words = ["ansible-inventory", "-i", str(folder), "--list", "--export"]
        done = subprocess.run(words, env=self.workplace.environ(), capture_output=True, text=True, check=True)
        found: dict[str, t.Any] = json.loads(done.stdout)
        return found

    def pull(self) -> None:
        """Bring the vault file of the repository to where the workplace reads it."""
        self.workplace.vault_file.write_text(self.remote.read(VAULT_FILE) + "\n", encoding="utf-8")

    def end_jobs(self) -> None:
        for job in self.jobs:
            if job.run.is_running:
                job.run.kill()
