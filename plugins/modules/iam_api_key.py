#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key
short_description: Create, change or delete an IBM Cloud API key
version_added: 0.1.0
description:
  - Keeps one API key of a user or a service ID as declared.
  - A key is identified by O(id), or else by its owner and its exact O(name). Names are not unique in IBM Cloud;
    when several keys could be meant the task fails and lists their ids.
  - IBM Cloud shows the value of a key only once, when the key is created. The module makes no key whose value
    nobody would keep, see O(file), O(reveal) and O(discard_value).
  - To replace a key without an outage use the role P(cloudkeys.ibmcloud.rotate_api_keys#role).
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.identity
  - cloudkeys.ibmcloud.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the key. Required to create one.
      - Together with O(id), the key gets this name.
    type: str
  id:
    description:
      - Id of an existing key, V(ApiKey-...). A key that is named by its id is never created.
    type: str
  state:
    description:
      - V(present) creates the key when it is missing, and changes what differs from the options that are set.
        Options that are not set are left as they are.
      - V(absent) deletes the key. Tokens that were issued for it stay valid until they expire, for up to one hour.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - Text that says what the key is for. An empty text removes it.
      - The rotation's marker at the end of a description is not shown here and is kept.
    type: str
  locked:
    description:
      - Whether the key is locked. IBM Cloud neither changes nor deletes a locked key; it can still log in.
    type: bool
  disabled:
    description:
      - Whether the key is disabled. A disabled key cannot log in, and can be enabled again.
    type: bool
  unlock:
    description:
      - Allow a locked key to be changed or deleted. After a change it is locked again.
    type: bool
    default: false
  file:
    description:
      - File that receives the key with its value, mode 0600, in the JSON that C(ibmcloud login --apikey @FILE) reads.
      - The file is written before the key is made, so that a run that is stopped in between loses nothing;
        the next run finishes the job.
      - A file that holds another existing key is never overwritten.
      - When the key exists but the file does not hold it, the task fails, because the value cannot be read again.
      - With a remote connection the file is on the remote host.
    type: path
  reveal:
    description:
      - Return the value of a key that was just created as RV(key_value), for C(register).
      - The rest of the result is then hidden from the output, except one line with id and name.
        In an ad-hoc call nothing could take the value, so use O(file) there.
    type: bool
    default: false
  discard_value:
    description:
      - Create the key although nobody keeps its value. It can then never be used to log in.
    type: bool
    default: false
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Create a key of my own and download it once
  cloudkeys.ibmcloud.iam_api_key:
    name: MyKey
    description: key for service X
    file: MyKey.json

# To keep a value in a vault file use cloudkeys.ibmcloud.iam_api_key_rotation: it survives being stopped at any point.
- name: Create a locked key of a service ID and hand its value to the tasks that follow
  cloudkeys.ibmcloud.iam_api_key:
    service_id: ci-deploy
    name: deploy
    locked: true
    reveal: true
  register: deploy_key

- name: Lock a key and disable it
  cloudkeys.ibmcloud.iam_api_key:
    id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    disabled: true
    locked: true

- name: Revoke a key, even a locked one
  cloudkeys.ibmcloud.iam_api_key:
    service_id: ci-deploy
    name: deploy
    state: absent
    unlock: true

# Ad hoc, with the API key to log in with in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key -a "name=MyKey description='key for service X' file=MyKey.json"
"""

RETURN = r"""
api_key:
  description:
    - The key as it is after the task, without its value.
    - Null when the key was deleted, and for a key that check mode would create.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the key.
      type: str
      sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    name:
      description: Name of the key.
      type: str
      sample: deploy
    description:
      description: Description, without the rotation's marker.
      type: str
      sample: key for service X
    rotation_marker:
      description: The text that ties the key to a rotation slot, or null.
      type: str
      sample: "[cloudkeys 3f9a2c7d/5]"
    iam_id:
      description: IAM ID of the owner.
      type: str
      sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    account_id:
      description: Account of the owner.
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    locked:
      description: Whether the key is locked.
      type: bool
    disabled:
      description: Whether the key is disabled.
      type: bool
    created_at:
      description: When the key was created, in minutes, UTC.
      type: str
      sample: 2026-03-04T09:15+0000
    created_by:
      description: IAM ID of the creator.
      type: str
      sample: IBMid-270000ABCD
    modified_at:
      description: When the key was last changed.
      type: str
      sample: 2026-03-04T09:15+0000
    expires_at:
      description: When the key stops working, or null.
      type: str
    action_when_leaked:
      description: What IBM does when it finds the key in public (C(none), C(disable), C(delete)).
      type: str
      sample: disable
    support_sessions:
      description: Whether log-ins with the key show up as sessions.
      type: bool
    crn:
      description: Cloud resource name of the key.
      type: str
key_value:
  description: The value of the key. Never returned again.
  returned: when the key was just created and O(reveal=true)
  type: str
duplicates:
  description: Ids of the other keys of this name that belong to the same rotation slot.
  returned: success
  type: list
  elements: str
candidates:
  description: Ids of the keys that could be meant.
  returned: when the name is ambiguous
  type: list
  elements: str
transaction_ids:
  description: IBM Cloud's own references of the changes, for an audit or a support case.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
