# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of the guides, from audit to rotation, in an account where somebody named keys to do harm; and a history."""

from __future__ import annotations

import json
import typing as t

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk

HEADER = "#jinja2:variable_start_string:'[' '[',variable_end_string:']' ']'"
NAMES = (
    "{{ lookup('pipe', 'touch %s') }}",
    HEADER + ',keep_trailing_newline:\'[[ lookup(*"pipe|touch %s".split("|")) ]]\' ',
    HEADER + "\n[[ lookup('pipe', 'touch %s') ]]",
    "red\x1b[31m c1\x9b31m title\x1b]0;%s\x07 turned\u202e\u2066 hidden\u200b\x7f line\u2028next\x85",
    "=cmd|' /C %s'!A0 @team #12 https://example.com <img src=x> `code`",
)
MEMBERS = ("what", "slot", "key_id", "old_id", "by", "job", "why")
PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - cloudkeys.ibmcloud.iam_api_key_info:
        service_id: "{{ owner }}"
      register: found
    - ansible.builtin.copy:
        content: "{{ found.api_keys | map(attribute='name') | sort | to_json }}"
        dest: names.json
        mode: "0600"
"""
HISTORY_PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ lookup('cloudkeys.ibmcloud.iam_api_key_history', 'history.jsonl', wantlist=true) | to_json }}"
        dest: read.json
        mode: "0600"
    - ansible.builtin.debug:
        msg: "{{ told }} {{ told | map(attribute='why') | list }}"
      vars:
        told: "{{ query('cloudkeys.ibmcloud.iam_api_key_history', 'history.jsonl') }}"
    - ansible.builtin.debug:
        msg: "{{ item.why }}"
      loop: "{{ query('cloudkeys.ibmcloud.iam_api_key_history', 'history.jsonl') }}"
      loop_control:
        label: "{{ item.slot }}"
"""


class Loader(yaml.SafeLoader):
    """Also knows `!unsafe`."""


Loader.add_constructor("!unsafe", lambda _loader, node: node.value)


def odd_characters(shown: str) -> set[str]:
    return {each for each in shown if not each.isprintable() and each != "\n"}


def test_from_audit_to_rotation_nothing_in_a_name_is_carried_out_or_lost(desk: Desk) -> None:
    planted = desk.folder / "planted"
    names = [name % planted for name in NAMES]
    owner = make_keys(desk, names)
    (desk.folder / "group_vars/all").mkdir(parents=True)

    shown = desk.play("cloudkeys.ibmcloud.audit", "-e", f"audit_api_keys_folder={desk.folder}")
    slots = yaml.load((desk.folder / "slots.yml").read_text(encoding="utf-8"), Loader)["rotate_api_keys_slots"]
    shown += desk.play("cloudkeys.ibmcloud.doctor", "-e", "@slots.yml")
    shown += desk.rotate("--check", "--diff")
    shown += desk.rotate("--diff")
    shown += desk.ask("iam_api_key_info")
    desk.write("names.yml", PLAY)
    desk.play("names.yml", "-e", f"owner={owner}")

    assert not planted.exists()
    assert odd_characters(shown) == set()
    assert {slot["key_name"] for slot in slots} >= set(names)
    assert json.loads((desk.folder / "names.json").read_text(encoding="utf-8")) == sorted(names * 2)


def test_what_somebody_wrote_into_a_history_is_shown_and_not_carried_out(desk: Desk) -> None:
    planted = desk.folder / "planted"
    names = [name % planted for name in NAMES]
    lines = [
        {"id": name, "at": "2026-06-02T09:15:07+0000", **dict.fromkeys(MEMBERS, name), name: [name, {name: name}]}
        for name in names
    ]
    desk.write("history.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    desk.write("read.yml", HISTORY_PLAY)

    shown = desk.play("cloudkeys.ibmcloud.history", "-e", "history_file=history.jsonl")
    desk.play("read.yml")

    assert not planted.exists()
    assert odd_characters(shown) == set()
    assert shown.count("2026-06-02T09:15:07+0000") == len(names)
    assert json.loads((desk.folder / "read.json").read_text(encoding="utf-8")) == lines


def make_keys(desk: Desk, names: t.Iterable[str]) -> str:
    """Keys of a service ID whose name does no better; its id is returned."""
    login = {"api_key": desk.server.api_key, "iam_endpoint": desk.server.url}
    client = open_client(login, {}, lambda _secret: None)
    account_id = client.caller().account_id
    made = client.service_ids.create("ci {{ 6 * 7 }} @team\x1b[31m", account_id, description=None)
    for name in names:
        client.api_keys.create(NewKey(name, made.iam_id, account_id, draw_key_value(), name))
    return made.iam_id.removeprefix("iam-")
