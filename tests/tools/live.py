# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the integration targets in a real account, and leave nothing behind.

    IBMCLOUD_API_KEY=... make live                  shows what it will create, and asks
    IBMCLOUD_API_KEY=... make live CLEAN=PREFIX     removes what a killed run has left

LIVE=yes answers the question. Every name begins with the prefix of the run, and what begins with it is removed at the
end, whatever happened. Only a killed run leaves something; the next one says what, and waits until that is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import typing as t
from pathlib import Path

import ansible_test
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from live_account import Account, Found
from tree import copy_checkout

# What ends a run beside a Ctrl-C: a CI or a machine that stops it, and a terminal that is closed.
ENDS = (signal.SIGTERM, signal.SIGHUP)
# No other name is taken for one of ours.
OURS = re.compile(r"(cloudkeys-live-[0-9a-f]{6})-")
# Targets, and what each of them creates.
CREATES = {
    "iam_service_id": "service IDs, one of them locked",
    "iam_api_key": "keys of yours, at most 6 at a time, and a service ID with keys",
    "iam_api_key_bulk": "service IDs with keys, and one key of yours",
    "playbooks": "a service ID with keys, and the report on inactive identities, which replaces one older than a day",
    "rotation": "a service ID with keys that are rotated",
}
LEFT_OUT = {
    "ansible_vault_vars": "it does not talk to IAM",
    "iam_api_key_audit": "it moves the clock on",
    "iam_api_key_info": "it expects an account that is empty",
    "iam_caller_info": "it needs a trusted profile and a compute resource",
    "iam_doctor": "it expects an account that is empty",
    "iam_service_id_info": "it expects an account that is empty",
    "iam_token": "it counts requests, and needs a trusted profile",
}
ALSO_LEFT_OUT = "refusals (they need twins), budgets of requests, and the overlap and soak of a rotation"


def main(*targets: str) -> int:
    """Clean up, or run these targets or all; the exit code is 0 only when all went well and nothing is left."""
    if not os.environ.get("IBMCLOUD_API_KEY"):
        sys.exit("make live needs the environment variable IBMCLOUD_API_KEY, a key of the account to work in.")
    unknown = sorted(set(targets) - CREATES.keys())
    if unknown:
        sys.exit(f"Not for a real account: {', '.join(unknown)}. These are: {', '.join(CREATES)}.")
    account = Account()
    if os.environ.get("CLEAN"):
        return clean(account, os.environ["CLEAN"])
    if not is_tidy(account):
        return 1
    return run(account, new_prefix(), targets or tuple(CREATES))


def is_tidy(account: Account) -> bool:
    """Whether no earlier run has left anything; what there is is said."""
    left = account.find(OURS)
    if left:
        ways = (f"  make live CLEAN={prefix}" for prefix in prefixes_of(left))
        print(
            "Nothing was begun, for there is this of a run that was killed, or is at work now:", *left.lines(), sep="\n"
        )
        print("When no run is at work any more, remove it with", *ways, sep="\n")
    return not left


def new_prefix() -> str:
    return f"cloudkeys-live-{secrets.token_hex(3)}"


def prefixes_of(left: Found) -> list[str]:
    found = (OURS.match(name) for name in left.names)
    return sorted({match[1] for match in found if match})


def clean(account: Account, prefix: str) -> int:
    """Remove what begins with the prefix of one run, after the user's word."""
    if not OURS.fullmatch(f"{prefix}-"):
        sys.exit("CLEAN has to be the prefix of one run, such as cloudkeys-live-0a1b2c.")
    found = account.find(names_of(prefix))
    print(f"Of {prefix} there is", *(found.lines() if found else ["  nothing"]), sep="\n")
    if found and not is_agreed("Delete all of it?"):
        sys.exit("Nothing was deleted.")
    are_gone = clear(prefix)
    return (remove(account, prefix) if found else 0) or int(not are_gone)


def places_of(prefix: str) -> tuple[Path, Path]:
    """The tree that is tested, and the folder of all temporary files: the key to log in with lies in both meanwhile."""
    return ansible_test.BUILD / prefix, Path(tempfile.gettempdir()) / prefix


def clear(prefix: str) -> bool:
    """Remove the files of a run; what cannot be removed is told."""
    for place in places_of(prefix):
        shutil.rmtree(place, ignore_errors=True)
    left = [str(place) for place in places_of(prefix) if os.path.lexists(place)]
    if left:
        say("The key to log in with may still lie in this, which could not be removed:", *left)
    return not left


def names_of(prefix: str) -> re.Pattern[str]:
    return re.compile(re.escape(f"{prefix}-"))


def run(account: Account, prefix: str, targets: t.Sequence[str]) -> int:
    """Show, ask, run and remove."""
    caller = account.client.caller()
    print(f"This works in the account {caller.account_id} at {account.endpoint}, as {caller.iam_id}.")
    print(f"Every name begins with {prefix}-. It creates, changes and deletes")
    print(*(f"  {target}: {CREATES[target]}" for target in targets), sep="\n")
    print("Left out are", *(f"  {target}: {why}" for target, why in LEFT_OUT.items()), f"  {ALSO_LEFT_OUT}", sep="\n")
    if not is_agreed("Go on?"):
        sys.exit("Nothing was created.")
    here = {"endpoint": account.endpoint, "api_key": account.api_key}
    here |= {"account_id": caller.account_id, "iam_id": caller.iam_id}
    tree, folder = places_of(prefix)
    settings = ansible_test.settings_for([here], prefix=f"{prefix}-", steers=False, folder=str(folder))

    def work() -> int:
        folder.mkdir(mode=0o700)
        # A task that is stopped leaves its arguments in the home of its user.
        return ansible_test.integrate(copy_checkout(tree), settings, *targets, HOME=str(folder), TMPDIR=str(folder))

    return and_remove(account, prefix, work)


def and_remove(account: Account, prefix: str, work: t.Callable[[], int]) -> int:
    """Do the work, and remove everything afterwards, however it ended."""
    code = 1
    try:
        code = work()
    finally:
        # Another Ctrl-C would leave something behind.
        for number in (signal.SIGINT, *ENDS):
            signal.signal(number, signal.SIG_IGN)
        say(f"Removing everything that begins with {prefix}; this takes some seconds")
        clear(prefix)
        code = remove(account, prefix) or code
        # A worker that was stopped late may have written once more.
        code = code if clear(prefix) else 1
    return code


def remove(account: Account, prefix: str) -> int:
    """Remove what the run has made, look what is left, and say what to do about it."""
    try:
        left = account.remove(names_of(prefix))
    except IamError as error:
        say(f"It is not known what is left: {shown(str(error))}", f"Try again with make live CLEAN={prefix}")
        return 1
    if not left:
        say(f"Nothing that begins with {prefix} is left in the account.")
        return 0
    say("This could not be removed:", *left.lines(), f"Try again with make live CLEAN={prefix}")
    return 1


def say(*lines: str) -> None:
    """Print, and go on where nobody reads: a Ctrl-C at `make live | tee` ends tee too, and a terminal may be closed."""
    with contextlib.suppress(OSError):
        print(*lines, sep="\n", flush=True)


def is_agreed(question: str) -> bool:
    if os.environ.get("LIVE") == "yes":
        return True
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def run_as_a_command(work: t.Callable[..., int]) -> t.NoReturn:
    """End with the code of `work`; what the account refuses is told in one line."""
    for number in ENDS:
        # `nohup` has set one of them aside.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, lambda caught, _frame: sys.exit(128 + caught))
    try:
        sys.exit(work(*sys.argv[1:]))
    except IamError as error:
        sys.exit(f"Not gone on: {shown(str(error))}")


if __name__ == "__main__":
    run_as_a_command(main)
