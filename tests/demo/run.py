# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows a rotation, an audit and a leak: in the emulator, or with DEMO_LIVE=yes and IBMCLOUD_API_KEY in IBM Cloud.

python tests/demo/run.py FOLDER     the page of the audit and the files beside it are left in FOLDER
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
import time
from pathlib import Path

from stage import Stage, post, stage

HERE = Path(__file__).resolve().parent
VARIABLE = "deploy_api_key"
HISTORY = "history.jsonl"
NINETY_ONE_DAYS_SECONDS = 91 * 24 * 3600
SECONDS_OLD = 2
VAULT_FILE = """\
---
# Secrets of the deployment. This comment is ours and stays.
deploy_region: eu-de   # not a secret
"""


def main(folder: str) -> int:
    started = time.monotonic()
    pages = Path(folder).resolve()
    pages.mkdir(parents=True, exist_ok=True)
    # Any folder may be given, so nothing but the report of the demo before goes: each is another account.
    for old in pages.glob("api-keys.*"):
        old.unlink()
    # Whoever ends the demo, or closes its terminal, wants its service ID gone, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _frame: sys.exit(128 + caught))
    with stage() as here:
        try:
            show_a_rotation(here)
            show_what_is_told_of_it(here, pages)
            show_a_leak(here)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            here.say("Cleaning up: the service ID and its keys go")
            ad_hoc(here, "iam_service_id", f"name={here.name} state=absent delete_keys=true rotated_keys=allow")
    seconds = time.monotonic() - started
    print(f"\nThe demo took {seconds:.0f} s and left nothing behind but {pages / 'api-keys.html'} and files beside it")
    return 0


def show_a_rotation(here: Stage) -> None:
    here.say("1. A service ID: the robot identity that owns the key")
    ad_hoc(here, "iam_service_id", f"name={here.name} description='made by make demo'")

    here.say("2. Its first key, created and stored: the value goes into the vault file and nowhere else")
    here.vault_file.write_text(VAULT_FILE, encoding="utf-8")
    rotate(here)
    shutil.copy(here.vault_file, f"{here.vault_file}.before")

    if here.emulator_url:
        here.say("3. Ninety-one days pass (the emulator's clock is moved on), and the key is due")
        post(here.emulator_url, "clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})
        show_keys(here)
        here.say("   The plan: what a rotation will do, and what it will not")
        with_slots(here, "plan")
        rotate(here)
    else:
        here.say("3. The key is replaced out of turn")
        # A key of this very second is not older than now.
        time.sleep(SECONDS_OLD)
        rotate(here, rotate_api_keys_rotate_if_older_than=time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime()))
    show_keys(here)

    here.say("4. The vault file: the comments are untouched, the secrets encrypted, the records beside them")
    shown = here.run("cat", "secrets.yml")
    if not shown.startswith(VAULT_FILE) or f"\n{VARIABLE}: !vault |" not in shown:
        raise SystemExit("the vault file is not as it was, with an encrypted value")

    here.say("5. The new value logs in, the old one no longer does")
    playbook(here, str(HERE / "prove.yml"), demo_variable=VARIABLE, demo_file=str(here.vault_file))

    here.say("6. A second run changes nothing")
    before = here.vault_file.read_bytes()
    report = rotate(here)
    if before != here.vault_file.read_bytes() or "changed=0" not in report:
        raise SystemExit("the second run changed something")


def show_what_is_told_of_it(here: Stage, pages: Path) -> None:
    here.say("7. The history: what happened to which key, when and why")
    history = str(here.folder / HISTORY)
    told = playbook(here, "cloudkeys.ibmcloud.history", history_file=history)
    if not all(f" {what}" in told for what in ("published", "disabled", "deleted")):
        raise SystemExit("the history does not tell of the rotation")

    here.say(
        "8. The audit: which keys are too old or not used, and which control passes; also as a page for the browser"
    )
    order = {
        "audit_api_keys_folder": str(pages),
        "audit_api_keys_history_files": [history],
        # In a real account the keys of others are nobody's business here.
        "audit_api_keys_identities": [] if here.emulator_url else [{"service_id": here.name}],
        "audit_api_keys_fail_on": "none",
    }
    here.run("ansible-playbook", "cloudkeys.ibmcloud.audit", "-e", json.dumps(order))
    if here.name not in (pages / "api-keys.html").read_text(encoding="utf-8"):
        raise SystemExit("the page of the audit does not have the service ID")


def show_a_leak(here: Stage) -> None:
    here.say("9. A leak drill: a key that nobody rotates stands in a log, and the rotated one leaked too")
    ad_hoc(here, "iam_api_key", f"name=drill service_id={here.name} file={here.folder / 'drill.json'}")
    value = json.loads((here.folder / "drill.json").read_text(encoding="utf-8"))["apikey"]
    (here.folder / "found.log").write_text(f"12:00:01 POST /identity/token apikey={value}\n", encoding="utf-8")
    found = re.search(r"(ApiKey-\S+)  deploy  ", show_keys(here))
    order = {
        "revoke_leaked_ids": [found[1] if found else ""],
        "revoke_leaked_values_file": str(here.folder / "found.log"),
        "revoke_leaked_delete": True,
    }
    (here.folder / "leaked.yml").write_text(json.dumps(order), encoding="utf-8")
    told = with_slots(here, "revoke_leaked", "-e", "@leaked.yml")
    if told.count("DEAD: ") != len(("the key in the log", "the rotated key")):
        raise SystemExit("not both keys are dead")


def ad_hoc(here: Stage, module: str, arguments: str) -> None:
    here.run("ansible", "localhost", "-m", f"cloudkeys.ibmcloud.{module}", "-a", arguments)


def show_keys(here: Stage) -> str:
    return playbook(here, str(HERE / "keys.yml"), demo_name=here.name)


def rotate(here: Stage, **variables: str) -> str:
    slots = [{"name": VARIABLE, "file": str(here.vault_file), "service_id": here.name, "key_name": "deploy"}]
    chosen = {
        "rotate_api_keys_slots": slots,
        "rotate_api_keys_overlap_hours": 0,
        "rotate_api_keys_soak_hours": 0,
        # The demo itself logged in with the old key, moments ago where no days pass.
        "rotate_api_keys_quiet_hours": 0,
        # The emulator knows a new key at once.
        **({"rotate_api_keys_settle_seconds": 1} if here.emulator_url else {}),
        "rotate_api_keys_history": {"file": str(here.folder / HISTORY)},
        **variables,
    }
    (here.folder / "slots.yml").write_text(json.dumps(chosen), encoding="utf-8")
    return with_slots(here, "rotate")


def with_slots(here: Stage, name: str, *more: str) -> str:
    """What a playbook of the collection shows that takes the slots."""
    options = ["--vault-id", "demo@vault-password", "-e", "@slots.yml", *more]
    return here.run("ansible-playbook", f"cloudkeys.ibmcloud.{name}", *options)


def playbook(here: Stage, name: str, **variables: str) -> str:
    words = [word for option, value in variables.items() for word in ("-e", f"{option}={value}")]
    return here.run("ansible-playbook", name, "--vault-id", "demo@vault-password", *words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
