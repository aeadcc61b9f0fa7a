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
    is right; whether the rotation would refuse its policy; whether vault secrets are loaded and which id would encrypt;
    whether the vault files can be changed and outlive the job. Of files in O(git) the branch is read; that it may be
    pushed to shows at a push only.
  - Looks at each slot, and says which key is published, or what the rotation would find wrong. That is a record of
    another account or one that cannot be read; a published key of another owner than declared, or one that is gone,
    disabled or expired; a value in the variable that is another key's, or that nobody can log in with. That takes one
    request for a slot in order. Nothing is written, and no value told.
  - Answers each question in one line, that it is fine or what to do. Fails when there is something to do.
  - Returns a ready file of slots for the first twenty keys that it sees; the audit writes one for all.
  - An option that is blank counts as left out, or is refused, as with M(cloudkeys.ibmcloud.iam_api_key_rotation).
  - Always runs on the controller, in Ansible's own process.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.git
  - cloudkeys.ibmcloud.attributes.info
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    details: O(try_create) is passed over.
options:
  slots:
    description:
      - The slots of the rotation, as O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots) describes them. They,
        their owners and files are looked at. Without it, the caller's own keys.
    type: list
    elements: dict
    default: []
  policy:
    description:
      - The policy of the rotation's task, as options of M(cloudkeys.ibmcloud.iam_api_key_rotation) by their names. What
        would be refused of it, or of the policies of O(slots), is something to do. Whatever is left out, or empty, has
        its default.
      - Without it, the defaults.
    type: dict
  vault_id:
    description: The vault id that the rotation is to encrypt with. Without it, the one that Ansible would choose.
    type: str
  try_create:
    description:
      - Whether to make a key called C(cloudkeys doctor) of each owner and delete it at once. Nothing else tells whether
        that is allowed.
    type: bool
    default: false
  keys_per_identity:
    description: How many API keys one identity may have in this account. A rotation needs room for one more.
    type: int
    default: 20
  report_timeout_seconds:
    description:
      - How long to wait for IBM Cloud's report on what was not used, which takes minutes in a large account. One that
        is late counts as something to do.
    type: float
    default: 60
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - module: cloudkeys.ibmcloud.iam_api_key_audit
  - name: On call
    description: A key leaked, or a rotation stopped; what to do now.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/on-call.md
  - name: AWX in five minutes
    description: Credentials, job templates and surveys, ready to load.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/awx.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: See whether everything is ready for the rotation
  cloudkeys.ibmcloud.iam_doctor:
    slots: "{{ rotate_api_keys_slots }}"
    policy: {max_age_days: 30, lease_seconds: 300}
    try_create: true

# In AWX: the credentials of docs/examples/awx set IBMCLOUD_API_KEY and CLOUDKEYS_GIT_TOKEN and hold the vault password.
- name: See whether a job has what it needs
  cloudkeys.ibmcloud.iam_doctor:
    git:
      repository: https://git.example.com/team/secrets.git
      branch: main
    slots: "{{ rotate_api_keys_slots }}"

# Ad hoc, with the API key in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_doctor --vault-id prod@prompt
"""

RETURN = r"""
checks:
  description: One entry for each question.
  returned: always, unless the options do not make sense
  type: list
  elements: dict
  contains:
    name:
      description: What was asked.
      returned: always
      type: str
      sample: log in
    fine:
      description: Whether that is fine. Null when it was not asked.
      returned: always
      type: bool
      sample: true
    text:
      description: What was found, or what to do.
      returned: always
      type: str
      sample: fine, the controller agrees with IBM Cloud
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
  sample: "rotate_api_keys_slots:\n  - name: deploy\n    file: secrets.yml\n"
"""
