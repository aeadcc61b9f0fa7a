#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: leak_report
short_description: Give one verdict on leaked IBM Cloud API keys over several accounts
version_added: 1.0.0
description:
  - Merges what M(cloudkeys.ibmcloud.iam_leaked_keys) has found in each account, writes the record of the incident, and
    fails unless every leaked key is proven to be dead.
  - Items are told apart by where they were given, never by value. A value belongs to at most one account, so one
    that is dead in an account and not found in the others is dead. What could not be asked is not known, and red.
  - Always runs on the controller, and asks IBM Cloud nothing.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
    details: No record is written or pushed.
  diff_mode:
    support: none
  idempotent:
    support: none
    details: A record is written in any case.
options:
  accounts:
    description:
      - The result of M(cloudkeys.ibmcloud.iam_leaked_keys) with C(step=revoke) for each account, with C(name)
        besides. An account that could not be asked has C(problem) instead.
    type: list
    elements: dict
    required: true
  expected:
    description:
      - The names of all accounts that were to be asked. One that is not in O(accounts) could not be asked. Without it,
        those that are there are all.
    type: list
    elements: str
  folder:
    description:
      - Folder for the record, C(leak-TIME.md) and C(leak-TIME.json). It holds times, ids, owners, what was done, IBM
        Cloud's references, who ran it and the verdicts, and nothing secret. Without it, none is written.
      - With O(git) it is a path in the repository, and is made where it is not there.
    type: path
  git:
    description:
      - The record goes into this Git repository, both files in one commit. One that others were faster than is made
        again under the next name that is free, and nothing that is there is replaced.
      - Where it cannot be pushed, the record is kept in O(local_folder), and the task fails, whatever the verdicts are.
      - Without it, the record is written to a folder of the controller.
    type: dict
    suboptions:
      repository:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.repository).
        type: str
        required: true
      branch:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.branch).
        type: str
        required: true
      token:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.token).
        type: str
      username:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.username).
        type: str
        default: x-access-token
      ssh_key_file:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.ssh_key_file).
        type: path
      known_hosts_file:
        description:
          - See O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git.known_hosts_file).
        type: path
      author_name:
        description: Author and committer of the commit.
        type: str
        default: cloudkeys
      author_email:
        description: Address of the author; some servers accept known ones only.
        type: str
        default: cloudkeys@localhost
      message:
        description: First line of the commit message. The name of the record follows below.
        type: str
        default: Record leaked API keys
      timeout_seconds:
        description:
          - How long one call of C(git) may take.
        type: float
        default: 60
  local_folder:
    description:
      - Folder of the controller for a record that cannot be pushed. Without it, a new private folder among the
        temporary ones, which is named in the message. In AWX that is gone when the job ends.
    type: path
  require_dead:
    description:
      - Fail unless all are dead. V(false) is for a question, and tells whose the keys are. Without accounts it only
        checks whether O(folder) and O(git) make sense.
    type: bool
    default: true
seealso:
  - module: cloudkeys.ibmcloud.iam_leaked_keys
  - name: When something went wrong
    description: Which command at 3 a.m., with a drill for a leak.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/on-call.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Give the verdict on what two accounts have found
  cloudkeys.ibmcloud.leak_report:
    accounts: "{{ [prod | combine({'name': 'prod'}), {'name': 'test', 'problem': 'it could not be asked'}] }}"
    folder: /srv/incidents

# In AWX no folder lasts. The token is in CLOUDKEYS_GIT_TOKEN.
- name: Keep the record in Git
  cloudkeys.ibmcloud.leak_report:
    accounts: "{{ [revoked | combine({'name': inventory_hostname})] }}"
    folder: incidents
    git:
      repository: https://git.example.com/ops/incidents.git
      branch: main

# Ad hoc:
# ansible localhost -m cloudkeys.ibmcloud.leak_report -a '{"accounts": [{"name": "prod", "problem": "no access"}]}'
"""

RETURN = r"""
verdicts:
  description: One entry for each item, as M(cloudkeys.ibmcloud.iam_leaked_keys) has them, with its account.
  returned: always, unless the options do not make sense
  type: list
  elements: dict
  sample:
    - place: line 12 of `values_file`
      id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
      account: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
      verdict: dead
      how: "disabled, not deleted: belongs to no slot"
report:
  description: The same in a line each, what is not dead first.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: ["DEAD: line 12 of `values_file`: ApiKey-... (deploy): disabled, not deleted: belongs to no slot"]
problems:
  description: What was given and can be no key, and accounts that could not be asked.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: ["test could not be asked: no access"]
nothing_in:
  description: The lines of the texts in which nothing was found in any account.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: [line 3 of `values_file`]
all_dead:
  description: Whether every item is proven to be dead, whatever became of the record.
  returned: always, unless the options do not make sense
  type: bool
  sample: true
files:
  description: The files of the record. One that was pushed has its branch before it, V(main:incidents/leak-TIME.md).
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: [/srv/incidents/leak-20261129T03120000.json, /srv/incidents/leak-20261129T03120000.md]
"""
