#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key_bulk
short_description: Keep many IBM Cloud API keys as declared, in one task
version_added: 1.0.0
description:
  - Does what M(cloudkeys.ibmcloud.iam_api_key) does for each of many keys of many users and service IDs, with one
    log-in and one list for each identity, many requests at a time. The result does not depend on O(concurrency).
  - With O(purge=true), deletes the keys of these identities that are not declared. With O(keep_newest), takes the older
    keys of identities away.
  - One key that fails does not stop the others. The task then fails, and RV(outcomes) tells all of them,
    with the values of those that were made.
  - Hosts of one play that ask for the same at once take turns on the controller, and the first one makes it. Where the
    task runs on other hosts, set C(run_once), because names are not unique in IBM Cloud.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.concurrency
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.anywhere
attributes:
  async:
    support: none
    details: The task fails before it does anything, because Ansible would keep the result, a value in it, on disk.
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  keys:
    description:
      - The keys, each with the options of M(cloudkeys.ibmcloud.iam_api_key).
      - No key may be declared twice, and no two keys may go to the same file.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:name).
        type: str
      id:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:id).
        type: str
      iam_id:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:iam_id).
        type: str
      service_id:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:service_id). A name is looked up once.
        type: str
      service_id_group:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:service_id_group).
        type: str
      state:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:state).
        type: str
        choices: [present, absent]
        default: present
      description:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:description).
        type: str
      expires_at:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:expires_at).
        type: str
      action_when_leaked:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:action_when_leaked).
        type: str
        choices: [none, disable, delete]
      support_sessions:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:support_sessions).
        type: bool
      locked:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:locked).
        type: bool
      disabled:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:disabled).
        type: bool
      unlock:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:unlock).
        type: bool
        default: false
      allow_self:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:allow_self).
        type: bool
        default: false
      rotated_keys:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:rotated_keys).
        type: str
        choices: [refuse, allow]
        default: refuse
      on_duplicate:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:on_duplicate).
        type: str
        choices: [fail, newest, oldest, all]
        default: fail
      file:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:file).
        type: path
      on_missing_file:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:on_missing_file).
        type: str
        choices: [fail, ignore]
        default: fail
      reveal:
        description:
          - Return the value of this key in its member of RV(outcomes), for C(register).
            See O(cloudkeys.ibmcloud.iam_api_key#module:reveal).
        type: bool
        default: false
      discard_value:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:discard_value).
        type: bool
        default: false
      store_value:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:store_value).
        type: bool
      key_value:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:key_value).
        type: str
      key_source:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:key_source).
        type: str
        choices: [local, iam]
        default: local
      recreate:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:recreate).
        type: bool
        default: false
  purge:
    description:
      - Delete the keys that are not declared, of every identity that O(keys) names as an owner or O(identities) lists.
        A key without an owner names the caller itself.
      - A key stays when it is the one that the task logs in with, belongs to a rotation (see O(rotated_keys)), is
        locked without O(unlock), is in O(keep_ids), or when a declared key of its owner failed. RV(kept) tells why; the
        task does not fail because of it.
    type: bool
    default: false
  purge_all:
    description:
      - Allow O(purge) to delete all keys of an identity, which is what it would do where no key is declared present,
        for example because a variable is empty. Without it such a task fails before it changes anything.
    type: bool
    default: false
  identities:
    description:
      - The identities that O(keep_newest) is about, and more identities whose undeclared keys O(purge) deletes, each
        by O(identities[].iam_id) or O(identities[].service_id). Without it, those that own a key of O(keys).
    type: list
    elements: dict
    suboptions:
      iam_id:
        description: IAM ID of a user or service ID, instead of O(identities[].service_id).
        type: str
      service_id:
        description: A service ID, by its id (V(ServiceId-...)) or by its name, instead of O(identities[].iam_id).
        type: str
      service_id_group:
        description: See O(cloudkeys.ibmcloud.iam_api_key#module:service_id_group).
        type: str
  keep_newest:
    description:
      - Keep only the newest keys of each identity in O(identities), and take the older ones away. It goes with neither
        O(keys) nor O(purge), so O(keys) is an empty list.
      - Only keys that can log in count, so a working key never goes for one that is disabled or has expired. With no
        more than O(keep_newest.count) of them nothing goes.
      - Keys of rotations neither count nor go (see O(rotated_keys)). An older key stays when it is the one that the
        task logs in with, is locked without O(unlock), or is in O(keep_ids); RV(kept) tells why. Each of these counts
        when it is among the newest.
      - IBM Cloud tells times in minutes. When keys of one minute would have to be told apart, the task fails and has
        changed nothing, for no identity. With C(token) it refuses to touch the caller's own keys, because a token does
        not tell which of them it was made with.
      - Without it, nothing is done by age.
    type: dict
    suboptions:
      count:
        description: How many stay of each identity, at least 1.
        type: int
        required: true
      names:
        description:
          - Look at keys only whose name fits one of these patterns, in which C(*) is any text, C(?) any character and
            C([abc]) one of these. Capital letters count. Without it, at all.
        type: list
        elements: str
      action:
        description:
          - What becomes of the older keys. V(disable) can be undone, and leaves alone what cannot log in. V(delete)
            cannot be undone, and takes away what is disabled or has expired, too.
        type: str
        choices: [disable, delete]
        default: disable
  keep_ids:
    description:
      - Ids of keys that O(purge) and O(keep_newest) leave alone. Without it, they leave alone what RV(kept) tells.
      - A blank one is refused, so that a question that nobody answered does not cost a key, and so is what is no id. An
        empty list says none.
    type: list
    elements: str
  unlock:
    description:
      - Allow O(purge) to delete locked keys, and O(keep_newest) to take them away. For a declared key this is said in
        O(keys[].unlock).
    type: bool
    default: false
  rotated_keys:
    description:
      - Whether O(purge) and O(keep_newest) touch keys of rotations. V(refuse) keeps every key with the marker of a
        slot, and a key that is called like a declared one with V((next\)) behind it, because a slot without markers may
        be about to publish it. O(keep_newest) keeps every pair of keys of which one is called like the other with
        V((next\)) behind it. V(allow) treats all of them like others. For a declared key this is said in
        O(keys[].rotated_keys).
      - A slot with O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots[].use_marker=false) shows by nothing else.
        Declare its key here by the name that O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots[].key_name) says,
        with O(keys[].on_duplicate=newest); the old key has the same name while both work, and so it stays too.
        O(keep_newest) goes without O(keys), so there leave it out of O(keep_newest.names), or name it in O(keep_ids).
    type: str
    choices: [refuse, allow]
    default: refuse
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key
  - name: Many accounts
    description: One play for several accounts of IBM Cloud.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/many-accounts.md
  - name: AWX in five minutes
    description: Credentials, job templates and surveys, ready to load.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/awx.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Have a key for each of three robots, each in its file
  cloudkeys.ibmcloud.iam_api_key_bulk:
    keys:
      - {service_id: ci-deploy, name: deploy, file: deploy.json, locked: true}
      - {service_id: ci-test, name: test, file: test.json}
      - {service_id: backup, name: nightly, file: nightly.json, expires_at: 2027-03-31T12:00+0000}

- name: Let two robots have these keys and no others
  cloudkeys.ibmcloud.iam_api_key_bulk:
    keys:
      - {service_id: ci-deploy, name: deploy, file: deploy.json, locked: true}
      - {service_id: ci-test, name: test, file: test.json}
    purge: true
    keep_ids:
      - ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b

- name: Revoke keys by their ids, even locked ones
  cloudkeys.ibmcloud.iam_api_key_bulk:
    keys:
      - {id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b, state: absent, unlock: true}
      - {id: ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928, state: absent, unlock: true}

- name: Take every key of a robot away
  cloudkeys.ibmcloud.iam_api_key_bulk:
    keys: []
    identities:
      - service_id: retired-robot
    purge: true
    purge_all: true
    unlock: true

- name: Keep the two newest keys that a script makes for each of two robots, and disable the others
  cloudkeys.ibmcloud.iam_api_key_bulk:
    keys: []
    identities:
      - service_id: ci-deploy
      - service_id: ci-test
    keep_newest:
      count: 2
      names: ["nightly-*"]

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY. The files of a job
# go away with it, so let IBM Cloud keep the values, or rotate with cloudkeys.ibmcloud.iam_api_key_rotation.
- name: Keep the keys that the variables of the job template declare
  cloudkeys.ibmcloud.iam_api_key_bulk:
    keys: "{{ declared_keys }}"
    purge: "{{ purge_undeclared | default(false) }}"

# Ad hoc, with the API key to log in with in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_bulk \
#   -a '{"keys": [{"id": "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b", "state": "absent"}]}'
"""

RETURN = r"""
outcomes:
  description: What became of each key, in the order of O(keys); also when some of them failed.
  returned: always, unless nothing was begun
  type: list
  elements: dict
  contains:
    changed:
      description: Whether this key or its file was changed.
      returned: always
      type: bool
      sample: true
    failed:
      description: Whether this key is not as declared.
      returned: always
      type: bool
      sample: false
    msg:
      description: Why not.
      returned: when this key failed
      type: str
      sample: "the API key 'deploy' is locked; `unlock: true` allows it to be changed"
    name:
      description: Name of the key, as declared.
      returned: always
      type: str
      sample: deploy
    file:
      description: File of the key, as declared.
      returned: always
      type: str
      sample: deploy.json
    api_key:
      description:
        - The key as it is after the task, without its value, as in RV(cloudkeys.ibmcloud.iam_api_key#module:api_key).
        - Null when it was deleted or failed, and for a key that check mode would create.
      returned: always
      type: dict
      sample:
        id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
        name: deploy
        iam_id: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
        locked: true
        disabled: false
        created_at: 2026-03-04T09:15+0000
        expires_at: null
    key_value:
      description: The value of the key.
      returned: with O(keys[].reveal=true), when the key was just created or O(keys[].store_value=true)
      type: str
      sample: not-a-real-value-just-its-form-44-characters
    duplicates:
      description: Ids of the other keys of this name.
      returned: always
      type: list
      elements: str
      sample: [ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928]
    candidates:
      description: Ids of the keys that could be meant, or that are not touched because they belong to a rotation.
      returned: >-
        when the name is ambiguous, when a request got no answer and nobody can tell what it did, and when
        O(keys[].rotated_keys) refuses
      type: list
      elements: str
      sample: [ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b, ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928]
    transaction_ids:
      description: IBM Cloud's own references of the changes.
      returned: always
      type: list
      elements: str
      sample: [MTIzNDU-7f3c9a51d2e4b687]
purged:
  description: The undeclared keys that were deleted, and the older ones that O(keep_newest) took away; no values.
  returned: always, unless nothing was begun
  type: list
  elements: dict
  sample:
    - id: ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928
      name: old
      iam_id: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
kept:
  description: The undeclared or older keys that stay, each with C(id), C(name), C(iam_id) and the C(reason).
  returned: always, unless nothing was begun
  type: list
  elements: dict
  sample:
    - id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
      name: deploy
      iam_id: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
      reason: it belongs to a rotation, [cloudkeys 3f9a2c7d/5]
transaction_ids:
  description: IBM Cloud's own references of all changes, for an audit or a support case.
  returned: always, unless nothing was begun
  type: list
  elements: str
  sample: [MTIzNDU-7f3c9a51d2e4b687]
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key_bulk import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
