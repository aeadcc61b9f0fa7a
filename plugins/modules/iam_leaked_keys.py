#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_leaked_keys
short_description: Look up leaked IBM Cloud API keys, and prove that they are dead
version_added: 1.0.0
description:
  - The two halves of a leak run in one account, before and after the rotation. The playbook
    C(cloudkeys.ibmcloud.revoke_leaked) has them in their places, and M(cloudkeys.ibmcloud.leak_report) behind them;
    that is what you want at night.
  - Values come in texts as somebody found them. What could be a value or an id is taken out and looked up, and told by
    the place where it was given. No value is shown anywhere.
  - Death is proven by a log-in that is refused several times in a row, or by IBM Cloud's word where only the id is
    known.
  - Always runs on the controller, in Ansible's own process.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.concurrency
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  step:
    description:
      - V(look) says which of the keys are of this account, and notes them in the journal in O(folder).
        It changes no key.
      - V(revoke) disables the keys of O(seen) that no slot has closed, proves that all are dead, and has a
        verdict for each.
    type: str
    choices: [look, revoke]
    required: true
  ids:
    description: Ids of leaked keys. Without it, only what the values name.
    type: list
    elements: str
  values:
    description:
      - Texts with leaked values, as somebody found them, a text or a list of texts. Without it, only what O(ids) and
        O(values_file) name.
    type: raw
  values_file:
    description: A file with such texts. Without it, only what O(ids) and O(values) name.
    type: path
  seen:
    description: With O(step=revoke), RV(leaked) of O(step=look) with the same ids and values.
    type: list
    elements: dict
    default: []
  rotated:
    description:
      - With O(step=revoke), the result of M(cloudkeys.ibmcloud.iam_api_key_rotation) in between. Keys that its slots
        have are left to them, so only those of its C(unmanaged_ids) are disabled here. Without it, there are no
        slots, and all are.
    type: dict
  delete:
    description: Delete the keys that belong to no slot, instead of disabling them.
    type: bool
    default: false
  vault_files:
    description: Vault files with slots, to name the slot of a key. Without it, no slot is named.
    type: list
    elements: path
  folder:
    description:
      - Folder of the journal. It holds ids and fingerprints of keys that were seen alive, so that a run that is
        repeated knows what an earlier one has deleted. Without it, such a key is not found any more.
    type: path
  proof_seconds:
    description: How long to ask for proof, up to 3600, because IBM Cloud's servers do not all know at once.
    type: float
    default: 60
seealso:
  - module: cloudkeys.ibmcloud.leak_report
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - name: When something went wrong
    description: Which command at 3 a.m., with a drill for a leak.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/on-call.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Look which of the leaked keys are of this account
  cloudkeys.ibmcloud.iam_leaked_keys:
    step: look
    values_file: /run/pasted.log
    folder: /srv/incidents
  register: looked

- name: Disable them, and prove that they are dead
  cloudkeys.ibmcloud.iam_leaked_keys:
    step: revoke
    values_file: /run/pasted.log
    seen: "{{ looked.leaked }}"
  register: revoked

- name: Say so
  cloudkeys.ibmcloud.leak_report:
    accounts: "{{ [revoked | combine({'name': 'prod'})] }}"

# In AWX: a survey with ids, and the job template of docs/examples/awx.
- name: Look the ids of a survey up
  cloudkeys.ibmcloud.iam_leaked_keys:
    step: look
    ids: "{{ leaked_ids.split() }}"

# Ad hoc:
# ansible localhost -m cloudkeys.ibmcloud.iam_leaked_keys -a "step=look values_file=/run/pasted.log"
"""

RETURN = r"""
leaked:
  description:
    - An entry for each leaked id and value, with the members of RV(cloudkeys.ibmcloud.iam_api_key_info#module:whose).
    - After O(step=revoke) each has C(verdict) (V(dead), V(alive), V(unknown) or V(not_found)), C(how) or why, the
      C(command) that ends a key that is alive, and C(tokens_end_at), when the last token of the key ends.
  returned: success
  type: list
  elements: dict
  sample:
    - place: line 12 of `values_file`
      id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
      verdict: dead
      how: "disabled, not deleted: belongs to no slot"
      command: null
      tokens_end_at: 2026-11-29T04:14+0000
leaked_ids:
  description: The ids of those that are of this account.
  returned: with O(step=look)
  type: list
  elements: str
  sample: [ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b]
account_id:
  description: The account.
  returned: success
  type: str
  sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
caller:
  description: Who ran this, as IBM Cloud knows them.
  returned: success
  type: dict
  sample: {iam_id: IBMid-270000ABCD, name: Ada Example, email: ada@example.com}
looked_at:
  description: When it was looked, by IBM Cloud's clock.
  returned: with O(step=look)
  type: str
  sample: 2026-11-29T03:12+0000
ended_at:
  description: When the last proof was there, by IBM Cloud's clock.
  returned: with O(step=revoke)
  type: str
  sample: 2026-11-29T03:14+0000
report:
  description: The items in a line each.
  returned: with O(step=look)
  type: list
  elements: str
  sample:
    - "line 12 of `values_file`: ApiKey-... (deploy) of ci-deploy in account 0a1b2c3d4e5f60718293a4b5c6d7e8f9, works"
problems:
  description: What was given and can be no key.
  returned: success
  type: list
  elements: str
  sample: [nothing in entry 2 of `values` could be an API key or the id of one]
nothing_in:
  description: The lines of the texts in which nothing was found.
  returned: success
  type: list
  elements: str
  sample: [line 3 of `values_file`]
transaction_ids:
  description: IBM Cloud's own references of the changes, for an audit or a support case.
  returned: with O(step=revoke)
  type: list
  elements: str
  sample: [bXlyZWYtMTIzNDU2]
"""
