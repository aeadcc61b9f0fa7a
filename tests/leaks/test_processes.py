# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A secret in an argument of any process of a run is found, and that of another program is not taken for one."""

from __future__ import annotations

import secrets
import subprocess
import sys

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import seen_in
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.watch import Watch

SECRET = secrets.token_urlsafe(33)
SLEEP = "import time; time.sleep(0.5)"
# Each is told the secret over standard input, and shows it only in the arguments of what it starts.
START = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {sleep!r}, sys.stdin.read()], {how})"
LEAKING = {
    "a child": START.format(sleep=SLEEP, how=""),
    "a child whose parent is gone": START.format(sleep=SLEEP, how="start_new_session=True") + "; sys.exit()",
    "a child without an environment": START.format(sleep=SLEEP, how="env={}") + "; time.sleep(0.5)",
}
# Started without an environment, and its parent ends before it leaks, and it before what leaks does.
LATE = "import time; time.sleep(0.4); " + START.format(sleep=SLEEP, how="env={}")
LEAKING["a child of one without either"] = (
    "import subprocess, sys, time;"
    f"subprocess.Popen([sys.executable, '-c', {LATE!r}], env={{}}, start_new_session=True); time.sleep(0.2)"
)


def run(watch: Watch, *words: str) -> None:
    """Run a program that is told the secret, until nothing holds its output any more."""
    command = [sys.executable, "-c", *words]
    subprocess.run(command, env=watch.environ, input=SECRET, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("program", LEAKING.values(), ids=LEAKING)
def test_a_secret_in_an_argument_of_a_descendant_is_found(program: str) -> None:
    with Watch() as watch:
        run(watch, program)

    assert seen_in(SECRET, watch.arguments)


def test_what_another_program_shows_is_not_taken_for_a_leak() -> None:
    with Watch() as watch:
        foreign = subprocess.Popen([sys.executable, "-c", SLEEP, SECRET])
        run(watch, SLEEP, "of the run")
        foreign.wait()

    assert seen_in("of the run", watch.arguments)
    assert not seen_in(SECRET, watch.arguments)
