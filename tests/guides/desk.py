# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The desk of a reader: a folder, a home, a vault password, and an account in the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import draw_key_value
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples"
LONGEST_WAIT_SECONDS = 300
# What no reader's terminal prints in the midst of an answer.
QUIET = {
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_NOCOLOR": "true",
}
GIT = {f"GIT_{who}_{what}": "reader@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
PASSWORD = "prod@password"


class Desk:
    def __init__(self, folder: Path, server: IamServer) -> None:
        self.folder = folder
        self.server = server
        (folder / "password").write_text("a password of a reader", encoding="utf-8")

    def run(self, command: str) -> str:
        """What a command of the shell shows; it has to succeed. Nobody is there to type a password."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.replace("prod@prompt", PASSWORD)],
            cwd=self.folder,
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_WAIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def play(self, name: str, *options: str) -> str:
        """What a playbook shows, of the examples or of the collection."""
        return self.run(" ".join(["ansible-playbook", name, "--vault-id", PASSWORD, *options]))

    def ask(self, module: str, arguments: str = "") -> str:
        return self.run(f"ansible localhost -m cloudkeys.ibmcloud.{module} -a '{arguments}'")

    def take(self, example: str, *changes: tuple[str, str], as_name: str | None = None) -> Path:
        """Copy an example here, with what differs from place to place put in."""
        text = (EXAMPLES / example).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return self.write(as_name or example, text)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def make_slot(self) -> None:
        """The slot of the guides, with a vault file that has a folder and an owner that exists."""
        self.take("slots.yml")
        (self.folder / "group_vars/all").mkdir(parents=True)
        self.ask("iam_service_id", "name=ci-deploy")

    def rotate(self, *options: str) -> str:
        return self.play("cloudkeys.ibmcloud.rotate", "-e", "@slots.yml", *options)

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "PYTHON", "IBM"))}
        return {
            **kept,
            **QUIET,
            **GIT,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "IBMCLOUD_API_KEY": self.server.api_key,
            "IBMCLOUD_IAM_API_ENDPOINT": self.server.url,
        }

    def put_twenty_keys_into_plain_files(self) -> list[str]:
        """Keys of the user and of a service ID, two of them of one name, as people keep them; the values are told."""
        (self.folder / "keys").mkdir(mode=0o700)
        self.ask("iam_service_id", "name=ci-deploy")
        names = ["billing", "deploy", "deploy", *(f"team-{number}" for number in range(11))]
        values = [draw_key_value() for _name in range(20)]
        for name, value in zip(names, values):
            self.server.make_key(name, value)
        lines = "".join(f"export {name.upper()}_{number}='{values[number]}'\n" for number, name in enumerate(names[:8]))
        self.write("keys/console.env", f"# from the console\n{lines}REGION=eu-de\n")
        for number in range(8, 14):
            downloaded = {"name": names[number], "apikey": values[number], "description": ""}
            self.write(f"keys/{names[number]}.json", json.dumps(downloaded, indent=2))
        for number in range(14, 20):
            arguments = {"service_id": "ci-deploy", "name": f"robot-{number}", "key_value": values[number]}
            self.ask("iam_api_key", json.dumps(arguments))
            self.write(f"keys/robot-{number}.txt", f"{values[number]}\n")
        return values

    def put_databases_under_the_old_password(self) -> Path:
        """A vars file with two vaulted values inside a list, neither of them under the new vault password yet."""
        for name in ("old", "new"):
            self.write(f"{name}-password", f"the {name} vault password")
        value = self.run(
            "ansible-vault encrypt_string --vault-id prod@old-password --encrypt-vault-id prod hunter2 2>/dev/null"
        )
        indented = "\n      ".join(line.strip() for line in value.splitlines() if line.strip())
        items = "".join(f"  - name: {name}\n    password: {indented}\n" for name in ("orders", "billing"))
        return self.write("group_vars/prod/databases.yml", f"---\ndatabases:\n{items}")
