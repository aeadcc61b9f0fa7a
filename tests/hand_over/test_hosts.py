# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files on other hosts: an environment file that systemd reads exactly, and a credential that it opens."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import HandOver, changes, new_value
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.systemd_files import read_environment_file

Place = dict[str, t.Any]
# As ssh, but the other machine is this one. `gone` does not answer, and the way to `lost` breaks at its seventh call.
SSH = """\
#!/bin/sh
case " $* " in
*" gone "*) exit 255 ;;
*" lost "*) echo >> "$0.calls"; [ "$(wc -l < "$0.calls")" -ne 7 ] || exit 255 ;;
esac
for last; do :; done
exec sh -c "$last"
"""
NAMES = ("a", "b", "gone", "lost")
# A systemd with one unit, whose state is in a file.
SYSTEMCTL = """\
#!{python}
import json, pathlib, sys, time
state = pathlib.Path({state!r})
unit = json.loads(state.read_text())
words = sys.argv[1:]
unit["asked"].append(words)
name = words[-1].strip("'")
if words[0] == "show" and name == "shop.service":
    since = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(unit["since"])) if unit["since"] else ""
    print("LoadState=loaded", "ActiveState=" + unit["active"], "ActiveEnterTimestamp=" + since, sep="\\n")
elif words[0] == "show":
    print("LoadState=not-found", "ActiveState=inactive", "ActiveEnterTimestamp=", sep="\\n")
elif words[0] == "restart":
    unit["since"] = time.time() + 1
    unit["restarts"] += 1
state.write_text(json.dumps(unit))
"""


@pytest.fixture
def unit(slot: HandOver) -> Path:
    """The state of the unit shop.service on the hosts, which are reached by ssh."""
    tools = slot.workplace.root / "tools"
    tools.mkdir()
    state = slot.workplace.root / "unit.json"
    state.write_text(json.dumps({"active": "active", "since": 1_000_000_000, "restarts": 0, "asked": []}))
    for name, text in (("ssh", SSH), ("systemctl", SYSTEMCTL.format(python=sys.executable, state=str(state)))):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    slot.environ.update(
        ANSIBLE_SSH_EXECUTABLE=str(tools / "ssh"),
        ANSIBLE_SSH_RETRIES="0",
        ANSIBLE_HOST_KEY_CHECKING="false",
        PATH=f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    (slot.workplace.root / "etc").mkdir(mode=0o755)
    inventory = slot.work / "hosts.yml"
    hosts = {name: {"ansible_connection": "ssh", "ansible_python_interpreter": sys.executable} for name in NAMES}
    inventory.write_text(json.dumps({"all": {"hosts": {"localhost": {"ansible_connection": "local"}, **hosts}}}))
    slot.environ["ANSIBLE_INVENTORY"] = str(inventory)
    return state


@pytest.fixture
def file(slot: HandOver) -> Path:
    return slot.workplace.root / "etc" / "shop"


@pytest.fixture
def place(file: Path) -> Place:
    return {"to": "environment_file", "hosts": ["a"], "path": str(file), "name": "API_KEY", "become": False}


def restarts(unit: Path) -> int:
    return int(json.loads(unit.read_text())["restarts"])


def leaks_beside(slot: HandOver, file: Path) -> list[str]:
    return [path for path in slot.workplace.leaks(slot.forms) if path != str(file)]


@pytest.fixture(autouse=True)
def _file_is_where_it_belongs(slot: HandOver, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value may be in the file, and nowhere else."""

    def check() -> None:
        assert leaks_beside(slot, file) == []

    monkeypatch.setattr(slot, "check_nothing_leaked", check)


@pytest.mark.usefixtures("unit")
def test_a_variable_is_set_exactly_and_the_other_lines_stay(slot: HandOver, file: Path, place: Place) -> None:
    before = "# of the shop\nUSER=ci\n API_KEY = old\nQUOTED='a b'\n; the end"
    file.write_text(before)

    assert changes(slot.run(place))

    assert read_environment_file(file.read_text()) == {"USER": "ci", "API_KEY": slot.value, "QUOTED": "a b"}
    assert [line for line in file.read_text().splitlines() if "API_KEY" not in line] == [
        line for line in before.splitlines() if "API_KEY" not in line
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not changes(slot.run(place))


def test_a_unit_that_has_the_old_value_is_restarted_also_when_the_run_before_was_killed(
    slot: HandOver, unit: Path, file: Path, place: Place
) -> None:
    slot.run({**place, "hosts": ["a", "b"]})
    assert (read_environment_file(file.read_text()), restarts(unit)) == ({"API_KEY": slot.value}, 0)

    # As after a run that was killed between the write and the restart.
    restarting = {**place, "restart": ["shop.service"]}
    assert changes(slot.run(restarting))
    assert restarts(unit) == 1
    assert not changes(slot.run(restarting))
    assert restarts(unit) == 1
    state = json.loads(unit.read_text())
    unit.write_text(json.dumps({**state, "active": "inactive", "since": 0}))
    slot.run(restarting)
    assert restarts(unit) == 1


def test_a_host_that_cannot_be_reached_fails_its_slot_and_no_other_one(
    slot: HandOver, unit: Path, file: Path, place: Place
) -> None:
    """Ansible would end the run for the slots behind it, and for what is to be done after the hand-over."""
    # Of a new file the seventh call is the restart.
    lost = {**place, "hosts": ["lost"], "restart": ["shop.service"]}

    gone, unsure, fine = slot.refusals(
        *({"hand_over": [each]} for each in ({**place, "hosts": ["gone"]}, lost, {**place, "hosts": ["a"]}))
    )

    assert "environment_file on gone: the host cannot be reached" in gone
    assert "the file is written, and the unit may still have the value before" in unsure
    assert restarts(unit) == 0
    assert fine == ""
    assert read_environment_file(file.read_text()) == {"API_KEY": slot.value}


def test_check_mode_writes_and_restarts_nothing(slot: HandOver, unit: Path, file: Path, place: Place) -> None:
    assert changes(slot.run({**place, "restart": ["shop.service"]}, check=True))

    assert not file.exists()
    assert restarts(unit) == 0


@pytest.mark.usefixtures("unit")
def test_a_file_that_cannot_be_read_for_certain_is_left_as_it_is(slot: HandOver, file: Path, place: Place) -> None:
    etc = file.parent
    texts = {
        "goes_on": "A=one\\\nAPI_KEY=two\n",
        "quoted": 'A="one\nAPI_KEY=two"\n',
        "single": "A='one\nAPI_KEY=two'\n",
        "twice": "API_KEY=1\nAPI_KEY=2\n",
    }
    for name, text in texts.items():
        (etc / name).write_text(text)
    (etc / "link").symlink_to(file)
    (etc / "open").mkdir()
    (etc / "open").chmod(0o777)
    paths = [*texts, "link", "open/file", "none/file"]
    places = [{**place, "path": str(etc / name)} for name in paths]
    places += [{**place, "path": "relative"}, {**place, "name": "A=b"}, {**place, "hosts": [" "]}]
    places += [{**place, "restart": ["nobody.service"]}]

    told = slot.refusals(*({"hand_over": [each]} for each in places))

    assert all("no line there may go on in the next one" in why for why in told[: len(texts)])
    assert all("path has to be absolute" in why for why in told[len(texts) : len(paths) + 1])
    assert "name has to be that of a variable" in told[-3]
    assert "a member is blank" in told[-2]
    assert "there is no unit nobody.service" in told[-1]
    assert {name: (etc / name).read_text() for name in texts} == texts


@pytest.mark.skipif(not shutil.which("systemd-creds"), reason="systemd-creds is not installed")
@pytest.mark.usefixtures("unit")
def test_a_credential_opens_to_the_value_and_to_nobody_else(slot: HandOver, file: Path) -> None:
    slot.environ["SYSTEMD_CREDENTIAL_SECRET"] = str(slot.workplace.root / "host.secret")
    place = {"to": "systemd_credential", "hosts": ["a"], "path": str(file), "with_key": "host", "become": False}
    assert changes(slot.run(place, check=True))
    assert not file.exists()

    assert changes(slot.run(place))

    opened = subprocess.run(
        ["systemd-creds", "decrypt", "--name=shop", str(file), "-"],
        env={**os.environ, **slot.environ},
        capture_output=True,
        check=True,
    )
    assert opened.stdout.decode() == slot.value
    assert slot.workplace.leaks({slot.value}) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not changes(slot.run(place))
    slot.publish(new_value())
    assert changes(slot.run(place))
