# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From values in plain files to slots, as a user starts it: green only when all are there, and no value is shown."""

from __future__ import annotations

import json
import re

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import draw_key_value
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk
from ansible_collections.cloudkeys.ibmcloud.tests.guides.test_commands import commands

IMPORT = "ansible-playbook cloudkeys.ibmcloud.import_keys --vault-id prod@prompt -e @import.yml"
MODULE = "ansible localhost -m cloudkeys.ibmcloud.iam_api_key_import --vault-id prod@prompt"


def test_the_rotation_takes_all_twenty_over_and_every_value_reads_back(desk: Desk) -> None:
    values = desk.put_twenty_keys_into_plain_files()
    desk.take("import.yml")
    (desk.folder / "group_vars/all").mkdir(parents=True)

    shown = desk.run(f"{IMPORT} -vvvv --diff 2>&1")
    rotated = desk.rotate()
    again = desk.run(IMPORT)

    assert [number for number, value in enumerate(values) if value in shown + rotated + again] == []
    assert rotated.count(": adopt (") == 20
    assert "changed=0" in again
    names = [slot["name"] for slot in yaml.safe_load((desk.folder / "slots.yml").read_text())["rotate_api_keys_slots"]]
    told = f"{{{{ [{', '.join(names)}] | sort == values | sort }}}}"
    desk.write("expected.yml", json.dumps({"values": values}))
    compared = desk.run(
        "ansible localhost --vault-id prod@prompt -e @group_vars/all/secrets.yml -e @expected.yml "
        f"-m ansible.builtin.debug -a 'msg=\"{told}\"'"
    )
    assert len(set(names)) == 20
    assert '"msg": "True"' in compared or '"msg": true' in compared


def test_what_is_not_imported_is_red_after_the_rest_was_written(desk: Desk) -> None:
    good, dead = draw_key_value(), draw_key_value()
    desk.server.make_key("billing", good)
    desk.write("keys.env", f"A={dead}\nB={good}\nC={desk.server.api_key}\n")
    desk.write("given.yml", json.dumps({"import_keys_files": "keys.env", "import_keys_file": "secrets.yml"}))

    shown = " ".join(desk.run(f"! {IMPORT.replace('import.yml', 'given.yml')}").split())

    assert "keys.env: NOT IMPORTED: no API key has this value" in shown
    assert "this run logs in with it, so it gets no slot" in shown
    assert "rotate_api_keys_slots:" in shown
    assert "billing_api_key: !vault" in (desk.folder / "secrets.yml").read_text()
    assert not any(value in shown for value in (good, dead, desk.server.api_key))


def test_a_vaulted_mapping_is_imported_ad_hoc_under_its_own_names(desk: Desk) -> None:
    value = draw_key_value()
    desk.server.make_key("billing", value)
    sealed = desk.run(f"ansible-vault encrypt_string --vault-id prod@prompt '{value}' 2>/dev/null")
    indented = "\n    ".join(line.strip() for line in sealed.splitlines() if line.strip())
    desk.write("old.yml", f"old_keys:\n  pay_key: {indented}\n")

    shown = desk.run(f'{MODULE} -vvvv -e @old.yml -a "values={{{{ old_keys }}}} file=secrets.yml"')

    assert re.search(r'"variable": "pay_key"', shown)
    assert value not in shown


def test_the_first_audit_of_the_guide_is_green_with_a_key_over_90_days(desk: Desk) -> None:
    (audit,) = [each for each in commands("start-here.md") if "ibmcloud.audit" in each.text]
    desk.server.make_key("old", draw_key_value())
    desk.server.steer("clock", {"advance_seconds": 120 * 24 * 3600})
    (desk.folder / "reports").mkdir()

    assert "Too old" in desk.run(audit.text)


def test_a_leak_run_says_nothing_of_a_key_that_was_not_touched(desk: Desk) -> None:
    desk.make_slot()
    value = draw_key_value()
    desk.server.make_key("loose", value)
    answers = json.dumps({"revoke_leaked_values": value})

    shown = desk.run(
        f"ansible-playbook cloudkeys.ibmcloud.revoke_leaked --vault-id prod@prompt -e @slots.yml -e '{answers}'"
    )

    assert "DEAD" in shown
    assert "not touched" not in shown
