# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the processes of a rotation write, wherever it goes: values go to IAM, the vault password goes nowhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import register_secret
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE, SlotScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.plants import Plant, break_collection
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.scanner import scan
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import Stage

WRITING = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg"
# Texts are shown in whole, and a file descriptor with where it leads to.
TRACED = ["-yy", "-s", "10000000", "-e", f"trace={WRITING}"]
WRITTEN_TO = re.compile(rb"^\d+ +\w+\((\d+<[^\n]*?>), ", re.MULTILINE)
# A commit that writes its values and the vault password to where nothing stays.
LEAK = Plant(
    "plugin_utils/_rotation/file_store.py",
    """
_sound = FileStore.commit


def _leaky(self, changes):
    with open("/dev/null", "w") as nowhere:
        nowhere.write(repr([change.record.key_values for change in changes if change.record]))
    with open("/dev/null", "wb") as nowhere:
        nowhere.write(self._cipher._secrets[0][1].bytes)
    return _sound(self, changes)


FileStore.commit = _leaky
""",
)


def why_not() -> str | None:
    """Why writes cannot be traced here; None when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt-get install strace), so what a rotation writes is not looked at"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()}" if tried.returncode else None


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@dataclass(frozen=True)
class Written:
    """What went to IAM's socket, what Ansible's processes told each other through pipes, and everything else."""

    to_iam: Path
    inside: Path
    elsewhere: Path


def trace_a_rotation(stage: Stage, **environ: str) -> Written:
    """Replace a key that is due, and return what was written."""
    scene = SlotScene(stage.workplace)
    scene.make_due()
    stage.learn_values()
    asked = stage.work / "asked.json"
    chosen = {f"rotate_api_keys_{name}": value for name, value in {**AT_ONCE, "slots": [scene.wish()]}.items()}
    asked.write_text(json.dumps(chosen), encoding="utf-8")
    trace = stage.root / "trace"
    strace = ["strace", "-f", "--seccomp-bpf", *TRACED, "-o", str(trace)]
    play = ["ansible-playbook", "cloudkeys.ibmcloud.rotate", "-vvvv", "--diff", "-e", f"@{asked}"]
    told = stage.run(
        [*strace, *play, "--vault-id", f"{VAULT_ID}@{stage.workplace.password_file}"], {**stage.environ(), **environ}
    )
    assert "failed=0" in told, told
    assert stage.learn_values() == 1
    return split(trace, stage.server.url)


def split(trace: Path, url: str) -> Written:
    parts: dict[str, list[bytes]] = {"to_iam": [], "inside": [], "elsewhere": []}
    for line in trace.read_bytes().splitlines():
        where = WRITTEN_TO.match(line)
        target = where[1] if where else b""
        is_to_iam = target.endswith(f"->{url.rpartition('/')[2]}]>".encode())
        parts["to_iam" if is_to_iam else "inside" if b"<pipe:[" in target else "elsewhere"].append(line)
    trace.unlink()
    for name, lines in parts.items():
        trace.with_suffix(f".{name}").write_bytes(b"\n".join(lines))
    return Written(**{name: trace.with_suffix(f".{name}") for name in parts})


def test_a_rotation_writes_values_to_iam_only_and_the_vault_password_nowhere(stage: Stage) -> None:
    written = trace_a_rotation(stage)

    keys = {name: secret for name, secret in stage.secrets.items() if name != "vault password"}
    assert {each.name for each in scan([written.to_iam], stage.secrets)} == set(keys), "the trace shows what it should"
    assert b"$ANSIBLE_VAULT" in written.elsewhere.read_bytes()
    # ansible-core 2.22 and newer passes registered secrets on to the main process, to mask them there.
    told = {each.name for each in scan([written.inside], stage.secrets)}
    assert told <= (set() if register_secret is None else set(keys))
    assert [str(each) for each in scan([written.elsewhere], stage.secrets)] == []
    written.to_iam.unlink()
    written.inside.unlink()
    assert stage.leaks() == []


def test_a_planted_write_is_noticed(stage: Stage) -> None:
    written = trace_a_rotation(stage, **break_collection(stage.root, LEAK))

    found = {each.name for each in scan([written.elsewhere], stage.secrets)}
    assert "vault password" in found
    assert len(found) == 3
