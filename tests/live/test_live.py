# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make live` against an emulator without a side channel: whatever happens to the run, the account is what it was.

The account holds what others have made, with names that look like ours and are none.
"""

from __future__ import annotations

import contextlib
import re
import signal
import tempfile
import typing as t
from pathlib import Path

import ansible_test
import live
import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.live.scene import (
    ROOT,
    Account,
    Run,
    name_of,
    sealed_account,
    wait_until_something_is_ours,
)
from tree import copy_checkout


def temporary_files_with(api_key: str) -> list[Path]:
    """The files of Ansible, in the folder that all share and in the home, that hold this key."""
    places = [*Path(tempfile.gettempdir()).glob("ansible*"), Path.home() / ".ansible/tmp"]
    return [path for place in places for path in place.rglob("*") if holds(path, api_key.encode())]


def holds(path: Path, text: bytes) -> bool:
    # Others come and go meanwhile.
    with contextlib.suppress(OSError):
        return path.is_file() and text in path.read_bytes()
    return False


@pytest.fixture
def account() -> t.Iterator[Account]:
    with sealed_account() as account:
        yield account


def test_all_targets_run_and_nothing_is_left(account: Account, tmp_path: Path) -> None:
    before = account.contents()
    run = Run(tmp_path / "output", account, LIVE="yes")
    wait_until_something_is_ours(account, run)

    assert run.wait() == 0, run.output
    assert account.contents() == before
    assert "5 passed, 0 failed" in run.output
    assert "playbooks: a service ID with keys, and the report" in run.output
    assert "iam_api_key_audit: it moves the clock on" in run.output
    assert "is left in the account" in run.output
    assert account.api_key not in run.output
    assert list((ROOT / ".build/tree").glob(f"{name_of(run)}*")) == []


def test_a_failure_in_the_middle_leaves_nothing(account: Account, tmp_path: Path) -> None:
    for number in range(13):
        account.ask("POST", "apikeys", {"name": f"full {number}", "iam_id": account.iam_id})
    before = account.contents()
    run = Run(tmp_path / "output", account, "iam_api_key", LIVE="yes")
    wait_until_something_is_ours(account, run)

    assert run.wait() == 1, run.output
    assert "0 passed, 1 failed" in run.output
    assert "20 keys" in run.output or "BXNIM0151E" in run.output
    assert account.api_key not in run.output
    assert account.contents() == before


# In `playbooks` the fourth thing is the successor of a key: a rotation is under way.
@pytest.mark.parametrize(
    ("target", "things", "number"),
    [("iam_service_id", 1, signal.SIGINT), ("iam_service_id", 1, signal.SIGTERM), ("playbooks", 4, signal.SIGINT)],
)
def test_an_interrupted_run_leaves_nothing(
    account: Account, tmp_path: Path, target: str, things: int, number: signal.Signals
) -> None:
    before = account.contents()
    run = Run(tmp_path / "output", account, target, LIVE="yes")
    wait_until_something_is_ours(account, run, things)
    run.process.send_signal(number)

    assert run.wait() != 0
    assert account.contents() == before, run.output
    assert temporary_files_with(account.api_key) == []
    assert not any(place.exists() for place in live.places_of(name_of(run)))


def test_what_a_killed_run_left_is_told_and_removed_after_the_users_word(account: Account, tmp_path: Path) -> None:
    before = account.contents()
    run = Run(tmp_path / "killed", account, "iam_api_key_bulk", LIVE="yes")
    wait_until_something_is_ours(account, run)
    run.kill_all()
    left = account.contents()
    assert left != before
    assert all(place.exists() for place in live.places_of(name_of(run)))
    # What Ansible keeps in a home, the arguments of its tasks among it, goes with the run too.
    assert (live.places_of(name_of(run))[1] / ".ansible").is_dir()

    again = Run(tmp_path / "again", account, LIVE="yes")

    assert again.wait() == 1
    said = re.search(r"make live CLEAN=(\S+)", again.output)
    assert said is not None, again.output
    assert all(name in again.output for name in account.names_of_ours() if "-robot" in name)
    assert account.contents() == left

    for word, expected in (("n\n", left), ("y\n", before)):
        cleaning = Run(tmp_path / "cleaning", account, answer=word, CLEAN=said[1])

        assert cleaning.wait() == int(expected == left), cleaning.output
        assert account.contents() == expected
    assert not any(place.exists() for place in live.places_of(said[1]))
    assert temporary_files_with(account.api_key) == []


def test_a_name_that_somebody_chose_does_nothing_to_a_terminal(account: Account, tmp_path: Path) -> None:
    name = "cloudkeys-live-0a1b2c-\x1b[2J\x1b]0;all is well\x07"
    account.ask("POST", "serviceids", {"name": name, "account_id": account.account_id})
    account.ask("POST", "serviceid_groups", {"name": name, "account_id": account.account_id})
    account.ask("POST", "apikeys", {"name": name, "iam_id": account.iam_id})
    before = account.contents()

    for variables in ({"LIVE": "yes"}, {"CLEAN": "cloudkeys-live-0a1b2c"}):
        run = Run(tmp_path / "output", account, answer="n\n", **variables)

        assert run.wait() == 1
        assert run.output.count(r"cloudkeys-live-0a1b2c-\x1b[2J\x1b]0;all is well\x07 (") == 3
        assert "\x1b" not in run.output
    assert account.contents() == before


@pytest.mark.parametrize(
    ("targets", "variables", "says"),
    [
        ([], {}, "Nothing was created"),
        (["iam_api_key_audit"], {"LIVE": "yes"}, "Not for a real account: iam_api_key_audit"),
        ([], {"LIVE": "yes", "IBMCLOUD_API_KEY": ""}, "needs the environment variable IBMCLOUD_API_KEY"),
        ([], {"LIVE": "yes", "CLEAN": "cloudkeys-live-"}, "has to be the prefix of one run"),
        ([], {"LIVE": "yes", "CLEAN": "theirs"}, "has to be the prefix of one run"),
    ],
)
def test_nothing_is_done_without_all_that_it_takes(
    account: Account, tmp_path: Path, targets: list[str], variables: dict[str, str], says: str
) -> None:
    before = account.contents()
    run = Run(tmp_path / "output", account, *targets, answer="n\n", **variables)

    assert run.wait() == 1
    assert says in run.output
    assert account.contents() == before


def test_a_target_that_steers_fails_in_such_an_account(
    account: Account, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = account.contents()
    here = {name: getattr(account, name) for name in ("api_key", "account_id", "iam_id")}
    settings = ansible_test.settings_for([{"endpoint": account.url, **here}])

    assert ansible_test.integrate(copy_checkout(tmp_path / "tree"), settings, "iam_doctor") == 1
    assert "__emulator__/reset" in capfd.readouterr().out
    assert account.contents() == before


def test_every_target_is_run_or_left_out_with_a_reason() -> None:
    targets = {path.name for path in (ROOT / "tests/integration/targets").iterdir()} - {"setup_iam"}

    assert live.CREATES.keys() | live.LEFT_OUT.keys() == targets
    assert not live.CREATES.keys() & live.LEFT_OUT.keys()


def test_every_playbook_is_run() -> None:
    tasks = "".join(path.read_text() for path in (ROOT / "tests/integration/targets/playbooks/tasks").glob("*.yml"))
    run = set(re.findall(r"play_name: cloudkeys\.ibmcloud\.(\w+)", tasks))

    assert run == {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
