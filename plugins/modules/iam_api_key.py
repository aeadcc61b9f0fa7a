#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key
short_description: Create, change or delete an IBM Cloud API key
version_added: 1.0.0
description:
  - Keeps one API key of a user or a service ID as declared.
  - A key is identified by O(id), or else by its owner and its exact O(name), or else by its O(key_value). Names are
    not unique in IBM Cloud; when several keys could be meant the task fails and lists their ids, unless
    O(on_duplicate) says which one is.
  - IBM Cloud shows the value of a key only once, when the key is created. The module makes no key whose value
    nobody would keep, see O(file), O(reveal), O(store_value), O(key_value) and O(discard_value).
  - To replace a key without an outage use the role P(cloudkeys.ibmcloud.rotate_api_keys#role).
  - Hosts of one play that ask for the same at once take turns on the controller, and the first one makes it. Where the
    task runs on other hosts, set C(run_once), because names are not unique in IBM Cloud.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.identity
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
  name:
    description:
      - Name of the key, exactly. Required to create one.
      - Together with O(id), the key gets this name.
    type: str
  id:
    description:
      - Id of an existing key, V(ApiKey-...). A key that is named by its id is never created; an unknown id is an error
        with O(state=present). Without it, O(name) says which key is meant.
      - This is how a key that was made elsewhere is taken over.
    type: str
  state:
    description:
      - V(present) creates the key when it is missing, and changes what differs from the options that are set.
        Options that are not set are left as they are.
      - V(absent) deletes the key. Tokens that were issued for it stay valid until they expire, for up to one hour.
      - A key that IBM Cloud does not show may be hidden from the caller. So with O(id) alone it counts as gone only to
        an Administrator on the service IAM Identity, with its owner in O(service_id) or O(iam_id) to whoever may list
        the owner's keys, and with O(key_value) when a log-in with it finds no such key. Otherwise the task fails.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - Text that says what the key is for. An empty text removes it. Left as it is when not set.
      - The rotation's marker at the end of a description is not shown here and is kept.
    type: str
  expires_at:
    description:
      - When the key stops working, with its zone, such as V(2027-03-31T12:00+0000) or V(2027-03-31T14:00:00+02:00).
        Compared in minutes, UTC; seconds are cut off. It has to lie ahead.
      - An empty text takes the expiry away. Left as it is when not set; a new key then never expires.
      - IBM Cloud erases a key for good when its expiry and its last change are both more than 90 days ago,
        even a locked one.
    type: str
  action_when_leaked:
    description:
      - What IBM does when it finds the key in public, V(none), V(disable) it or V(delete) it.
      - Left as it is when not set; for a new key IBM Cloud's own default holds then.
    type: str
    choices: [none, disable, delete]
  support_sessions:
    description:
      - Whether log-ins with the key show up as sessions, which can be revoked. For keys of users only. Left as it is
        when not set.
    type: bool
  locked:
    description:
      - Whether the key is locked. IBM Cloud neither changes nor deletes a locked key; it can still log in.
      - Left as it is when not set.
    type: bool
  disabled:
    description:
      - Whether the key is disabled. A disabled key cannot log in, and can be enabled again. Left as it is when not set.
    type: bool
  unlock:
    description:
      - Allow a locked key to be changed or deleted. After a change it is locked again. Without it such a task fails.
    type: bool
    default: false
  allow_self:
    description:
      - Allow the key that this task logs in with to be deleted or disabled.
      - Without it, a task that deletes or disables a key of whoever logs in asks which key it logs in with,
        which is one request more.
    type: bool
    default: false
  rotated_keys:
    description:
      - What to do with a key that carries the marker of a rotation slot, V([cloudkeys 3f9a2c7d/5]), published or not,
        when the task would delete, replace or disable it, or let it expire sooner. V(refuse) fails, because whoever
        uses its value would be shut out, and the rotation would not know why. V(allow) does it.
      - M(cloudkeys.ibmcloud.iam_api_key_rotation) has an order for each of these, see
        O(cloudkeys.ibmcloud.iam_api_key_rotation#module:compromised_ids),
        O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots[].retire_ids) and
        O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots[].state).
      - The keys of a slot with O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots[].use_marker=false) look like any
        other, so they are not protected.
    type: str
    choices: [refuse, allow]
    default: refuse
  on_duplicate:
    description:
      - Which key is meant when several of one owner have the O(name). V(fail) takes none and lists their ids.
      - V(newest) and V(oldest) are for O(state=present); keys that were created in the same minute stay ambiguous.
      - V(all) is for O(state=absent) and deletes every key of that name.
      - The keys of one rotation slot are no such case, because the published one is meant.
    type: str
    choices: [fail, newest, oldest, all]
    default: fail
  file:
    description:
      - File that receives the key with its value, mode 0600, in the JSON that C(ibmcloud login --apikey @FILE) reads.
      - The file is written before the key is made, so that a run that is stopped in between loses nothing;
        the next run finishes the job.
      - A file that holds another existing key is never overwritten.
      - It is refused in a folder where other users may replace what is in it, without the sticky bit, and through a
        symbolic link that another user made. What others could have written or read there becomes no key.
      - When the key exists but the file does not hold it, the value cannot be read again, and O(on_missing_file) says
        what to do. With O(store_value=true) the file is written again.
      - With a remote connection the file is on the remote host. A relative path starts at the folder of the playbook
        with a local connection, and at the folder where the module runs with a remote one.
      - Without it, O(reveal), O(store_value), O(key_value) or O(discard_value) has to say what becomes of the value
        of a new key.
    type: path
  on_missing_file:
    description:
      - What to do when the key exists but O(file) does not hold it. V(fail) tells it, V(ignore) leaves it so.
        With O(recreate=true) and V(fail) the key is replaced.
    type: str
    choices: [fail, ignore]
    default: fail
  reveal:
    description:
      - Return the value of a key that was just created as RV(key_value), for C(register).
        With O(store_value=true) it is returned every time.
      - The rest of the result is then hidden from the output, except one line with id and name.
        In an ad-hoc call nothing could take the value, so use O(file) there.
    type: bool
    default: false
  discard_value:
    description:
      - Create the key although nobody keeps its value. It can then never be used to log in.
    type: bool
    default: false
  store_value:
    description:
      - Whether IBM Cloud keeps the value of a new key, so that it can be read again by whoever may read the key.
        For keys of service IDs only. Without it, it does not.
      - O(file) and O(reveal) then give the value again, at the cost of one request when it is needed. That holds for a
        key that something else has made, too, if its value was to be kept; the task fails when it was not.
      - IBM Cloud decides this when the key is made and does not tell it later. To have it changed use O(recreate=true).
    type: bool
  key_value:
    description:
      - A value of your own for a new key, 32 or more characters, which no other key has ever had. It is written only;
        an existing key keeps the value that it has, unless O(recreate=true).
      - Without O(name) and O(id) it says which key is meant, to disable or delete a key whose value leaked.
        A key that is named by its value alone is never created.
      - Keep the value in a vaulted variable.
    type: str
  key_source:
    description:
      - Who draws the value of a new key. With V(local), which is safer, this module draws it like IBM Cloud does,
        and a lost answer neither loses the value nor makes a second key.
      - With V(iam) IBM Cloud draws it. After a lost answer the task fails and lists the keys that may have been made.
    type: str
    choices: [local, iam]
    default: local
  recreate:
    description:
      - Allow the key to be replaced by a new one when what is asked for cannot be had by changing it, because O(file)
        does not hold it, O(store_value) was decided otherwise, or it has another O(key_value).
      - The new key is created first, like the old one where the task does not say otherwise, then the old one is
        deleted. Whatever uses the old value stops working. For a replacement without an outage use the rotation;
        a key that belongs to a rotation is not replaced here.
      - A run that is stopped in between leaves two keys of that name, which the next run tells.
        The key has to be named by O(name), because its id changes.
    type: bool
    default: false
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - module: cloudkeys.ibmcloud.iam_api_key_bulk
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - module: cloudkeys.ibmcloud.iam_service_id
  - name: Coming from the CLI or the console
    description: Each command of the C(ibmcloud) program, and the task for it.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/from-the-cli.md
  - name: AWX in five minutes
    description: Credentials, job templates and surveys, ready to load.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/awx.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Create a key of my own and download it once
  cloudkeys.ibmcloud.iam_api_key:
    name: MyKey
    description: key for service X
    file: MyKey.json

- name: Download the value of a key that Terraform has made, and that IBM Cloud keeps
  cloudkeys.ibmcloud.iam_api_key:
    id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    store_value: true
    file: deploy.json

# To keep a value in a vault file use cloudkeys.ibmcloud.iam_api_key_rotation: it survives being stopped at any point.
- name: Create a locked key of a service ID and hand its value to the tasks that follow
  cloudkeys.ibmcloud.iam_api_key:
    service_id: ci-deploy
    name: deploy
    locked: true
    reveal: true
  register: deploy_key

- name: Let a key end with the project, and be deleted when it leaks
  cloudkeys.ibmcloud.iam_api_key:
    service_id: ci-deploy
    name: deploy
    expires_at: 2027-03-31T12:00+0000
    action_when_leaked: delete

- name: Let a key never expire
  cloudkeys.ibmcloud.iam_api_key:
    id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    expires_at: ""

- name: Have IBM Cloud keep the value, and download it wherever it is missing
  cloudkeys.ibmcloud.iam_api_key:
    service_id: ci-deploy
    name: deploy
    store_value: true
    file: deploy.json

- name: Revoke a key whose value leaked
  cloudkeys.ibmcloud.iam_api_key:
    key_value: "{{ leaked_value }}"   # a vaulted variable
    state: absent
    unlock: true

- name: Lock a key and disable it
  cloudkeys.ibmcloud.iam_api_key:
    id: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    disabled: true
    locked: true

- name: Delete a key that a rotation has left, when nobody declares its slot any more
  cloudkeys.ibmcloud.iam_api_key:
    id: ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928
    state: absent
    rotated_keys: allow

- name: Revoke a key, even a locked one
  cloudkeys.ibmcloud.iam_api_key:
    service_id: ci-deploy
    name: deploy
    state: absent
    unlock: true

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY, and a survey asks
# for leaked_key_id. A value must not go into a survey; an id may.
- name: Disable the key that the survey names
  cloudkeys.ibmcloud.iam_api_key:
    id: "{{ leaked_key_id }}"
    disabled: true
    unlock: true

# Ad hoc, with the API key to log in with in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key -a "name=MyKey description='key for service X' file=MyKey.json"
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key -a "name=MyKey state=absent"
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
      returned: always
      type: str
      sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    name:
      description: Name of the key.
      returned: always
      type: str
      sample: deploy
    description:
      description: Description, without the rotation's marker.
      returned: always
      type: str
      sample: key for service X
    rotation_marker:
      description: The text that ties the key to a rotation slot, or null.
      returned: always
      type: str
      sample: "[cloudkeys 3f9a2c7d/5]"
    iam_id:
      description: IAM ID of the owner.
      returned: always
      type: str
      sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    account_id:
      description: Account of the owner.
      returned: always
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    locked:
      description: Whether the key is locked.
      returned: always
      type: bool
      sample: true
    disabled:
      description: Whether the key is disabled.
      returned: always
      type: bool
      sample: false
    created_at:
      description: When the key was created, in minutes, UTC.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    created_by:
      description: IAM ID of the creator.
      returned: always
      type: str
      sample: IBMid-270000ABCD
    modified_at:
      description: When the key was last changed.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    expires_at:
      description: When the key stops working, or null.
      returned: always
      type: str
      sample: 2027-03-31T12:00+0000
    action_when_leaked:
      description: What IBM does when it finds the key in public, V(none), V(disable) or V(delete).
      returned: always
      type: str
      sample: disable
    support_sessions:
      description: Whether log-ins with the key show up as sessions.
      returned: always
      type: bool
      sample: false
    crn:
      description: Cloud resource name of the key.
      returned: always
      type: str
      sample: "crn:v1:bluemix:public:iam-identity::a/0a1b2c3d4e5f60718293a4b5c6d7e8f9::apikey:ApiKey-3f0c1d2e-..."
key_value:
  description: The value of the key. Without O(store_value=true) it is never returned again.
  returned: with O(reveal=true), when the key was just created or O(store_value=true)
  type: str
  sample: not-a-real-value-just-its-form-44-characters
duplicates:
  description:
    - Ids of the other keys of this name, those of the same rotation slot for instance.
    - With O(on_duplicate=all) they were deleted too.
  returned: success
  type: list
  elements: str
  sample: [ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928]
candidates:
  description: Ids of the keys that could be meant, or that the task does not touch because they belong to a rotation.
  returned: >-
    when the name is ambiguous, when a request got no answer and nobody can tell what it did, and when O(rotated_keys)
    refuses
  type: list
  elements: str
  sample: [ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b, ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928]
transaction_ids:
  description: IBM Cloud's own references of the changes, for an audit or a support case.
  returned: always
  type: list
  elements: str
  sample: [MTIzNDU-7f3c9a51d2e4b687]
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
