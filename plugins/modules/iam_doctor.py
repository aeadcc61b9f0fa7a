#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_doctor
short_description: Find out what a rotation of IBM Cloud API keys would stumble over
version_added: 1.0.0
description:
  - Asks whether the caller can log in, list keys, see when they were used, and has room for one more; whether the clock
    is right; whether vault secrets are loaded and which id would encrypt; whether the vault files can be changed and
    outlive the job. Of files in O(git) the branch is read; that it may be pushed to shows at a push only.
  - One line each, fine or what to do. Fails when there is something to do.
  - Returns a ready file of slots for the first twenty keys that it sees; the audit writes one for all.
  - Always runs on the controller, in Ansible's own process.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.git
attributes:
  check_mode:
    description: Can run in check mode; it only reads.
    support: full
    details: O(try_create) is passed over.
  diff_mode:
    description: It changes nothing, so there is no difference to show.
    support: N/A
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  action_group:
    description: Options can be set once for all tasks with C(module_defaults) for the group C(cloudkeys.ibmcloud.iam).
    membership: [cloudkeys.ibmcloud.iam]
    support: full
  action:
    description: Runs on the controller only.
    support: full
options:
  slots:
    description:
      - The slots of the rotation, as O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots) describes them. Their
        owners and files are looked at. Without it, the caller's own keys.
    type: list
    elements: dict
    default: []
  vault_id:
    description: The vault id that the rotation is to encrypt with, if it names one.
    type: str
  try_create:
    description:
      - Whether to make a key called C(cloudkeys doctor) of each owner and delete it at once. Nothing else tells whether
        that is allowed.
    type: bool
    default: false
  keys_per_identity:
    description: How many API keys one identity may have.
    type: int
    default: 20
  report_timeout_seconds:
    description: How long to wait for IBM Cloud's report on what was not used.
    type: float
    default: 60
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - module: cloudkeys.ibmcloud.iam_api_key_audit
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: See whether everything is ready for the rotation
  cloudkeys.ibmcloud.iam_doctor:
    slots: "{{ rotate_api_keys_slots }}"
    try_create: true

# Ad hoc, with the API key in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_doctor --vault-id prod@prompt
"""

RETURN = r"""
checks:
  description: One entry a question.
  returned: always, unless the options do not make sense
  type: list
  elements: dict
  contains:
    name:
      description: What was asked.
      type: str
      sample: log in
    fine:
      description: Whether it is, or null when it was not asked.
      type: bool
    text:
      description: What was found, or what to do.
      type: str
report:
  description: The same as one line each.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: ["clock: fine, the controller agrees with IBM Cloud"]
slots:
  description: A file of slots for the first twenty keys that no rotation looks after; empty when there is none.
  returned: always, unless the options do not make sense
  type: str
"""
