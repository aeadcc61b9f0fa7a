# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder with vault passwords, in which a real Ansible changes vault files."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, Edit, VaultFile

ROOT = Path(__file__).resolve().parents[2]
MODULE = "cloudkeys.ibmcloud.ansible_vault_vars"
PASSWORDS = {"dev": "password of dev", "prod": "password of prod"}
LONGEST_WAIT_SECONDS = 120
CLIENT = """\
#!{python}
import sys
print(open(f"{{sys.argv[2]}}.password").read())
"""


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "vault.yml"
        for vault_id, password in PASSWORDS.items():
            (folder / f"{vault_id}.password").write_text(password, encoding="utf-8")
        self.client = folder / "passwords-client.py"
        self.client.write_text(CLIENT.format(python=sys.executable), encoding="utf-8")
        self.client.chmod(0o700)

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "PYTHON"))}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            **more,
        }

    def set_here(self, variable: str, value: str, *, lock_timeout_seconds: int = 0) -> None:
        """Set a variable without a run, under the id dev; fails at once when somebody holds the lock."""
        secrets = [("dev", VaultSecret(PASSWORDS["dev"].encode()))]
        file = VaultFile(str(self.file), Cipher(secrets), create=True, lock_timeout_seconds=lock_timeout_seconds)
        assert file.apply([Edit((variable,), value)]).changed

    def set(self, arguments: str, *options: str, **run: t.Any) -> subprocess.CompletedProcess[str]:
        """`ansible localhost -m ...ansible_vault_vars -a "path=vault.yml ARGUMENTS" OPTIONS`."""
        words = ["localhost", "-m", MODULE, "-a", f"path=vault.yml {arguments}", *options]
        return self.run("ansible", *words, **run)

    def run(self, *command: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        environ = self.environ(**options.pop("environ", {}))
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_WAIT_SECONDS,
            start_new_session=True,
            check=False,
            **options,
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def loaded(self) -> dict[str, str]:
        """The variables of the file, decrypted by Ansible's own code."""
        return t.cast("dict[str, str]", yaml.load(self.file.read_text(encoding="utf-8"), Loader=_Loader))

    def label(self, variable: str) -> str:
        """The vault id in the header below a variable."""
        text = self.file.read_text(encoding="utf-8")
        return text.split(f"{variable}: !vault |\n", 1)[1].split("\n", 1)[0].split(";")[3]

    def leftovers(self) -> list[str]:
        return sorted(name for name in os.listdir(self.folder) if name.startswith(f".{self.file.name}"))


class _Loader(yaml.SafeLoader):
    """Opens vaulted values."""


def _open(_loader: t.Any, node: t.Any) -> str:
    vault: t.Any = VaultLib([(name, VaultSecret(password.encode())) for name, password in PASSWORDS.items()])
    return str(vault.decrypt(node.value.encode()).decode())


_Loader.add_constructor("!vault", _open)
