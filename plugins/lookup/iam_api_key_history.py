# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: iam_api_key_history
short_description: Read the history that rotations of API keys keep
version_added: 1.0.0
description:
  - Reads the file that O(cloudkeys.ibmcloud.iam_api_key_rotation#module:history) keeps, and returns what is asked for,
    the oldest first. The playbook C(cloudkeys.ibmcloud.history) prints it.
  - What stands in the file is data, never a template. A file with a line that is none of a history is refused.
  - A history in Git is read from a clone of the repository.
options:
  _terms:
    description:
      - The files. A relative path starts at the folder of the playbook. In an ad-hoc call, and with a playbook inside
        an installed collection, it starts where Ansible was started.
    type: list
    elements: str
    required: true
  slot:
    description: Only this slot, by its name, its variable or its id. Without it, all.
    type: str
  key_id:
    description: Only what is about this key, or about the one that took its place. Without it, all.
    type: str
  since:
    description: Only from this day (UTC), or this time, on. Without it, from the beginning.
    type: str
  until:
    description: Only before this day (UTC), or this time. Without it, to the end.
    type: str
  as_lines:
    description: Return a line for people instead of data.
    type: bool
    default: false
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - name: The history
    description: What is told, where it is kept and why nothing of it gets lost.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/history.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Show what happened to a slot this year
  ansible.builtin.debug:
    msg: "{{ query('cloudkeys.ibmcloud.iam_api_key_history', file, slot='deploy', since='2026-01-01', as_lines=true) }}"
  vars:
    file: history.jsonl

- name: Count the keys that were deleted
  ansible.builtin.debug:
    msg: "{{ told | selectattr('what', 'eq', 'deleted') | list | length }}"
  vars:
    told: "{{ query('cloudkeys.ibmcloud.iam_api_key_history', 'history.jsonl') }}"

# In AWX: the project has the history, because the rotation keeps it in the repository of the vault files.
- name: Show what happened to a key
  ansible.builtin.debug:
    msg: "{{ query('cloudkeys.ibmcloud.iam_api_key_history', file, key_id='ApiKey-7a6b5c4d', as_lines=true) }}"
  vars:
    file: history.jsonl

# Ad hoc, what IBM Cloud still has of these keys:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_info \
#   -a "ids={{ query('cloudkeys.ibmcloud.iam_api_key_history', 'history.jsonl') | map(attribute='key_id') }}"

# Without a playbook of your own:
# ansible-playbook cloudkeys.ibmcloud.history -e history_file=history.jsonl -e history_since=2026-01-01
"""

RETURN = r"""
_raw:
  description: The lines, as data of the form that C(docs/schemas/api-key-history-1.json) describes, or as texts.
  returned: success
  type: list
  elements: raw
  sample:
    - what: published
      at: "2026-06-02T09:15:07+0000"
      slot: deploy_api_key
      key_id: ApiKey-7a6b5c4d
      old_id: ApiKey-1b2c3d4e
"""

import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._careful_lookup import CarefulLookup
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._paths import absolute_path, folder_of_relative_paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import HistoryRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_file import read_history_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_shown import (
    Question,
    chosen,
    for_people,
    moment,
)


class LookupModule(CarefulLookup):
    options = ("slot", "key_id", "since", "until", "as_lines")

    def read(self, ansible: t.Any, terms: list[t.Any]) -> list[t.Any]:
        given = {name: ansible.get_option(name) for name in self.options}
        question = Question(
            # What is blank narrows nothing.
            str(given["slot"] or "").strip() or None,
            str(given["key_id"] or "").strip() or None,
            moment(given["since"], "since"),
            moment(given["until"], "until"),
        )
        if question.since and question.until and question.since >= question.until:
            raise HistoryRefused("since is not before until, and nothing happened in between")
        entries = []
        for term in terms:
            # As Ansible itself opens up an option of the type `path`.
            path = os.path.expandvars(os.path.expanduser(str(term)))
            entries += read_history_file(absolute_path(path, folder_of_relative_paths(ansible._loader, os.getcwd())))
        lines = chosen(entries, question)
        return [for_people(line) for line in lines] if given["as_lines"] else lines
