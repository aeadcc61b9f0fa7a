# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stage of the demo: a folder, an environment for Ansible, and an account, in the emulator or a real one."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

# What a login may come from: none of it may reach the demo unless the user said DEMO_LIVE=yes.
LOGIN_VARIABLES = (
    "IBMCLOUD_API_KEY",
    "IC_API_KEY",
    "IBMCLOUD_APIKEY",
    "IC_IAM_TOKEN",
    "IBMCLOUD_ACCOUNT_ID",
    "IBMCLOUD_IAM_API_ENDPOINT",
)
QUIET = {
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
}


class Stage:
    """One run of the demo: a folder, an environment for Ansible, and an account to work in."""

    def __init__(self, folder: Path, environ: dict[str, str], emulator_url: str | None) -> None:
        self.folder = folder
        self.environ = environ
        self.emulator_url = emulator_url
        self.name = f"cloudkeys-demo-{secrets.token_hex(3)}"
        self.vault_file = folder / "secrets.yml"

    def say(self, text: str) -> None:
        show(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}")

    def run(self, *command: str) -> str:
        """Run a command, showing it and what it prints; ends the demo when it fails."""
        show(f"$ {shlex.join(command)}")
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        shown = "\n".join(line for line in done.stdout.splitlines() if line.strip())
        show(shown + done.stderr)
        if done.returncode:
            raise SystemExit(f"the demo stopped: {command[0]} ended with {done.returncode}")
        return done.stdout


def show(text: str) -> None:
    """Print, and go on where nobody reads: what the demo has made is to go in any case."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """A folder and an account: IBM Cloud when the user said so, else a fresh emulator."""
    with tempfile.TemporaryDirectory(prefix="cloudkeys-demo-") as folder:
        (Path(folder) / "vault-password").write_text(secrets.token_urlsafe() + "\n", encoding="utf-8")
        environ = {**os.environ, **QUIET}
        if os.environ.get("DEMO_LIVE") == "yes":
            yield live_stage(Path(folder), environ)
            return
        with emulator() as ready:
            environ = {name: value for name, value in environ.items() if name not in LOGIN_VARIABLES}
            login = {"IBMCLOUD_API_KEY": ready["api_key"], "IBMCLOUD_IAM_API_ENDPOINT": ready["url"]}
            yield Stage(Path(folder), {**environ, **login}, ready["url"])


def live_stage(folder: Path, environ: dict[str, str]) -> Stage:
    if not environ.get("IBMCLOUD_API_KEY"):
        raise SystemExit("DEMO_LIVE=yes needs the environment variable IBMCLOUD_API_KEY")
    here = Stage(folder, environ, None)
    here.say("This uses your IBM Cloud account")
    print(
        f"It creates the service ID {here.name}, two API keys of it, deploy and drill, and the successors of deploy;\n"
        "it deletes all of them at the end. It touches nothing else."
    )
    if sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() != "y":
        raise SystemExit("nothing was created")
    return here


@contextlib.contextmanager
def emulator() -> Iterator[dict[str, str]]:
    process = subprocess.Popen([sys.executable, "-m", "iam_emulator", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "")
    finally:
        process.terminate()
        process.wait()


def post(url: str, what: str, content: dict[str, int]) -> None:
    request = urllib.request.Request(
        f"{url}/__emulator__/{what}", json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=10).close()
