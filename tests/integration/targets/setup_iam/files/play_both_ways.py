# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a play in process and as a module, and want equal results and no secret in any output.

    python play_both_ways.py FOLDER PLAY WAY [WAY]     with --twins: two keys and two service IDs of one name are there

The switch is an environment variable of the controller, so each way is an Ansible of its own, in a folder of its own.
What Ansible needed for the steps around a play took as long as the play. How to log in is in FOLDER/iam.json.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SAID = {
    "in_process": " runs in process",
    "as_a_module": " runs as a module: CLOUDKEYS_IN_PROCESS=0",
    "elsewhere": " runs as a module: the connection is not local",
}
# Empty ones count as unset, so that nothing of the caller's gets in the way.
LOGINS = ("IBMCLOUD_API_KEY", "IC_API_KEY", "IBMCLOUD_APIKEY", "IC_IAM_TOKEN", "IBMCLOUD_ACCOUNT_ID")
# What differs from run to run.
BLURRED = (
    (r"(ApiKey|ServiceId|ServiceIdGroup|Profile)-[0-9a-f-]{36}", r"\1-ID"),
    (r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+]0000", "TIME"),
    (r'"key_value": "[^"]+"', '"key_value": "VALUE"'),
    (r"Valid booleans include: .*", "in any order"),
    # What ansible-core 2.22.0rc1 leaves in the result of any module.
    (r'"ansible_parsed": true,\s*', ""),
)
TARGETS = Path(__file__).resolve().parents[2]
APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"


def main(folder: Path, play: str, ways: list[str], has_twins: bool) -> int:
    """Run each way and compare; what went wrong is printed."""
    iam = json.loads((folder / "iam.json").read_text(encoding="utf-8"))
    accounts = iam.pop("accounts")
    # One after the other when there are not enough accounts: an account is for one way at a time.
    with ThreadPoolExecutor(min(len(accounts), len(ways))) as lanes:
        own = [{"own_value": secrets.token_urlsafe(33)} for _way in ways]
        given = [{**accounts[number % len(accounts)], **iam, **own[number]} for number in range(len(ways))]
        ran = list(lanes.map(lambda way, account: run(folder, play, way, account, has_twins), ways, given))
    problems = [f"{play}, {way}: {problem}" for way, (problem, _result) in zip(ways, ran) if problem]
    texts = [result.splitlines() for _problem, result in ran]
    if not problems and len(ways) > 1:
        problems = list(difflib.unified_diff(*texts, *ways, lineterm=""))
    print("\n".join(problems) or f"{play}: fine, {' and '.join(ways)}")
    return int(bool(problems))


def run(folder: Path, play: str, way: str, iam: dict[str, Any], has_twins: bool) -> tuple[str, str]:
    """One way -> what is wrong with it, and its results without what differs from run to run."""
    work = folder / way
    work.mkdir(mode=0o700)
    # Where nothing is forgotten, one way must not find what the other has made.
    prefix = iam["prefix"] and f"{iam['prefix']}{way.replace('_', '-')}-{Path(play).stem.replace('_', '-')}-"
    if iam["steers"]:
        post(f"{iam['endpoint']}/__emulator__/reset")
    if has_twins:
        create_twins(iam)
    settings = {
        **{f"iam_{name}": iam[name] for name in ("endpoint", "api_key", "account_id", "iam_id", "steers")},
        "iam_prefix": prefix,
        # A value of the user's own: a real account must not have a key whose value stands here.
        "iam_own_value": iam["own_value"],
        "setup_iam_tasks": str(TARGETS / "setup_iam" / "tasks"),
        "setup_iam_work": str(work),
    }
    with open(work / "settings.json", "w", encoding="utf-8", opener=for_the_owner_only) as stream:
        json.dump(settings, stream)
    # A play's files lie beside it, and so does what it writes: the other way is at work at the same time.
    own = shutil.copytree((TARGETS / play).parent, work / "play")
    done = play_in(work, own / Path(play).name, way)
    if done.returncode:
        return without_secrets(f"it failed\n{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}", iam), ""
    seen = (work / "results.json").read_text(encoding="utf-8")
    output = done.stdout + done.stderr + (work / "log").read_text(encoding="utf-8")
    return problem_of(way, done.stdout, output, secrets_of(iam, seen)), blurred(seen, str(work), prefix, iam)


def play_in(work: Path, play: Path, way: str) -> subprocess.CompletedProcess[str]:
    switch = {"CLOUDKEYS_IN_PROCESS": "0" if way == "as_a_module" else "1", "ANSIBLE_LOG_PATH": str(work / "log")}
    return subprocess.run(
        ["ansible-playbook", str(play), "--extra-vars", "@settings.json", "--diff", "-vvvv"],
        cwd=work,
        env={**os.environ, **dict.fromkeys(LOGINS, ""), **switch},
        capture_output=True,
        text=True,
        check=False,
    )


def problem_of(way: str, stdout: str, output: str, hidden: list[str]) -> str:
    """Whether it ran this way and no other, and whether a secret is in any output; '' when all is well."""
    ran = [name for name, line in SAID.items() if line in stdout]
    if ran != [way]:
        return f"it ran {' and '.join(ran) or 'in no way'}"
    if "PLAY RECAP" not in output:
        return "there is no log"
    if [secret for secret in hidden if secret in output]:
        return "a secret is in its output"
    return ""


def secrets_of(iam: dict[str, Any], seen: str) -> list[str]:
    return [iam["api_key"], iam["own_value"], *re.findall(r'"key_value": "([^"]+)', seen)]


def without_secrets(text: str, iam: dict[str, Any]) -> str:
    """What a play of which nothing is known but that it failed may show, with every output on."""
    for secret in secrets_of(iam, text):
        text = text.replace(secret, "***")
    return text


def blurred(seen: str, work: str, prefix: str, iam: dict[str, Any]) -> str:
    for name in ("iam_id", "account_id"):
        seen = seen.replace(iam[name], name.upper())
    seen = seen.replace(iam["endpoint"].partition("//")[2], "ENDPOINT")
    seen = seen.replace(prefix, "") if prefix else seen
    for pattern, instead in BLURRED:
        seen = re.sub(pattern, instead, seen)
    # How many there are has to be equal.
    seen = re.sub(r'(?<="transaction_ids": )\[[^]]*\]', lambda ids: re.sub(r'"[^"]+"', "TRANSACTION", ids[0]), seen)
    return re.sub(r"emul8ed-[0-9a-f]+", "TRANSACTION", seen).replace(work, "FOLDER")


def create_twins(iam: dict[str, Any]) -> None:
    """Two keys and two service IDs of one name; the modules under test make no such thing."""
    form = urllib.parse.urlencode({"grant_type": APIKEY_GRANT, "apikey": iam["api_key"]})
    answer = json.loads(post(f"{iam['endpoint']}/identity/token", form, "application/x-www-form-urlencoded"))
    key, robot = {"name": "twin", "iam_id": iam["iam_id"]}, {"name": "twin", "account_id": iam["account_id"]}
    for path, body in (("apikeys", key), ("apikeys", key), ("serviceids", robot), ("serviceids", robot)):
        post(f"{iam['endpoint']}/v1/{path}", json.dumps(body), token=answer["access_token"])


def post(url: str, body: str = "", content_type: str = "application/json", token: str = "") -> str:
    headers = {"Content-Type": content_type, **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, body.encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def for_the_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--twins"]
    sys.exit(main(Path(given[0]), given[1], given[2:], "--twins" in sys.argv))
