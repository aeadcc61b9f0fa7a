# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run ansible-test without containers, in a copy of this checkout.

python tests/tools/ansible_test.py sanity [arguments of ansible-test sanity]
python tests/tools/ansible_test.py integration [targets and arguments]     with a local emulator
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

from get_pip import CACHE, seed_get_pip
from tree import CHECKOUT, copy_checkout

# One for each environment, so that two can be at work at once.
BUILD = CHECKOUT / ".build" / "tree" if Path(sys.prefix).name == ".venv" else Path(sys.prefix) / "tree"

# ansible-test goes on with a warning when it cannot run a check; only a Python may be missing.
SECONDS_TO_END = 10
LEFT_OUT = re.compile(r"WARNING: (Skipping|Excluding|Required program) ")
NOT_INSTALLED = re.compile(r"on Python [\d.]+ because it could not be found")


def main(command: str, *arguments: str) -> int:
    """Run `ansible-test COMMAND ARGUMENTS` and return its exit code."""
    if command == "integration" and " " in str(CHECKOUT):
        sys.exit("ansible-test cannot run playbooks with a Python in a folder with a space in its name.")
    with _alone(BUILD / f"{command}.lock"):
        collection = copy_checkout(BUILD / command)
        if command == "integration":
            with emulators(collection) as settings:
                return integrate(collection, settings, *arguments)
        # The environments of the sanity tests are shared by all checkouts, and not made for two writers.
        with _alone(CACHE / "cloudkeys.lock"):
            seed_get_pip()
            return run(collection, command, *arguments)


def integrate(collection: Path, settings: dict[str, t.Any], *arguments: str, **variables: str) -> int:
    """Run targets with these settings; they hold an API key, so nobody else may read the file."""
    path = collection / "tests/integration/integration_config.yml"
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
        json.dump(settings, stream, indent=2)
    return run(collection, "integration", "--continue-on-error", *arguments, **variables)


def run(collection: Path, command: str, *arguments: str, **variables: str) -> int:
    """Run ansible-test, show its output as it comes, and fail too when a check was left out.

    `variables` go into its environment.
    """
    process = subprocess.Popen(
        ["ansible-test", command, *arguments],
        cwd=collection,
        env={**environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a group of its own, which can be stopped with all that it started
    )
    lines = []
    try:
        for line in t.cast(t.IO[str], process.stdout):
            print(line, end="", flush=True)
            lines.append(line)
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_END)
        raise
    code = process.wait()
    passed, failed = tally(command, lines, code)
    left_out = checks_left_out(lines)
    for line in left_out:
        print(f"Not checked: {line}")
    print(f"{command}: {passed} passed, {failed} failed")
    return code or int(bool(left_out) or not passed)


def checks_left_out(lines: t.Iterable[str]) -> list[str]:
    """The warnings that mean a check was skipped although nobody asked for that."""
    found = [line.strip() for line in lines if LEFT_OUT.match(line) and not NOT_INSTALLED.search(line)]
    return list(dict.fromkeys(found))


def tally(command: str, lines: t.Iterable[str], code: int) -> tuple[int, int]:
    """How many of ansible-test's tests passed, and how many failed."""
    text = "".join(lines)
    started = rf"^Running (?:{command} test \"|.+ integration test (?:role|script))"
    failures = re.search(rf"The (\d+) {command} test\(s\) listed below", text)
    failed = int(failures[1]) if failures else int(code != 0)
    return max(len(re.findall(started, text, re.MULTILINE)) - failed, 0), failed


@contextlib.contextmanager
def emulators(collection: Path) -> t.Iterator[dict[str, t.Any]]:
    """Serve two accounts of IBM Cloud IAM from the copy, and yield what the targets need to reach them."""
    with contextlib.ExitStack() as stack:
        yield settings_for([stack.enter_context(emulator(collection)) for _way in range(2)])


def settings_for(
    accounts: list[dict[str, str]], *, prefix: str = "", steers: bool = True, folder: str = ""
) -> dict[str, t.Any]:
    """The variables of the targets; a play that runs both ways does so side by side when there are two accounts.

    They make their temporary folders in `folder`, or where the machine has them.
    """
    first = {f"iam_{name}": accounts[0][name] for name in ("endpoint", "api_key", "account_id", "iam_id")}
    told = {"iam_accounts": accounts, "iam_prefix": prefix, "iam_steers": steers, "iam_folder": folder}
    return {**first, **told}


@contextlib.contextmanager
def emulator(collection: Path) -> t.Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "iam_emulator", "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(collection / "tests/emulator")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ready = t.cast(t.IO[str], process.stdout).readline()
        if not ready:
            sys.exit("The emulator did not start.")
        served = json.loads(ready)
        yield {"endpoint": served["url"], **{name: served[name] for name in ("api_key", "account_id", "iam_id")}}
    finally:
        process.terminate()
        process.wait()


def environment() -> dict[str, str]:
    """The caller's environment with a PATH on which every Python is a real one.

    ansible-test takes the first `python3.X` that it finds, and does not hand on what a pyenv shim needs.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != pyenv / "shims"]
    path.insert(0, str(Path(sys.executable).parent))
    path += sorted(str(folder) for folder in pyenv.glob("versions/3.*/bin"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    return {**kept, "PATH": os.pathsep.join(path)}


@contextlib.contextmanager
def _alone(path: Path) -> t.Iterator[None]:
    """Wait until no other run holds this lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped too
    sys.exit(main(*sys.argv[1:]))
