#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_service_id
short_description: Create, change or delete an IBM Cloud service ID
version_added: 1.0.0
description:
  - Keeps one service ID, an identity for programs that owns API keys, as declared.
  - A service ID is identified by O(id), or else by its exact O(name) in one service-ID group. Names are not unique in
    IBM Cloud; when several service IDs could be meant the task fails and lists their ids.
  - Hosts of one play that ask for the same at once take turns on the controller, and the first one makes it. Where the
    task runs on other hosts, set C(run_once), because names are not unique in IBM Cloud.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.anywhere
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
      - Name of the service ID. Required to create one. Together with O(id) the new name.
    type: str
  id:
    description:
      - Id of a service ID that exists already (V(ServiceId-...)), whatever its name and group are. An unknown id is
        an error with O(state=present). Without it, O(name) says which one is meant.
    type: str
  service_id_group:
    description:
      - The service-ID group that the service ID is in, by its id (V(ServiceIdGroup-...)) or its name, which costs one
        more request. Without it O(name) is looked for in the default group of the account only, and made there.
      - IBM Cloud does not move service IDs between groups.
    type: str
  state:
    description:
      - V(present) creates the service ID when it is missing.
      - V(absent) deletes it. A service ID that still has API keys is not deleted without O(delete_keys=true), one
        that is locked or has locked keys not without O(unlock=true), one with keys of a rotation not without
        O(rotated_keys=allow), and the one that the task logs in as not without O(allow_self=true).
      - One that is named by O(id) and that IBM Cloud does not show counts as gone only to a caller who may list the
        service IDs of the account. Otherwise the task fails.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: Text that says what the service ID is for. Left as it is when not set; an empty text clears it.
    type: str
  unique_instance_crns:
    description:
      - CRNs of the service instances that the service ID is for. Left as they are when not set; an empty list clears
        them. Their order does not matter.
    type: list
    elements: str
  locked:
    description:
      - Whether the service ID is locked. A locked one cannot be changed or deleted, nor can its access policies. Its
        API keys go on working. Left as it is when not set.
    type: bool
  unlock:
    description:
      - Allow a locked service ID to be changed or deleted, and its locked API keys to be deleted with
        O(delete_keys=true). It is locked again after a change, and when the task fails.
    type: bool
    default: false
  delete_keys:
    description:
      - Allow the API keys of the service ID to be deleted together with it. Whatever uses them stops working.
    type: bool
    default: false
  allow_self:
    description:
      - Allow the service ID to be deleted that the task logs in as. Without it such a task fails.
    type: bool
    default: false
  rotated_keys:
    description:
      - What to do when O(delete_keys=true) would delete a key with the marker of a rotation slot, as
        O(cloudkeys.ibmcloud.iam_api_key#module:rotated_keys) describes it. V(refuse) fails and lists them, V(allow)
        deletes them.
      - End the slot first, with O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots[].state=absent), so that its
        variable goes too.
    type: str
    choices: [refuse, allow]
    default: refuse
seealso:
  - module: cloudkeys.ibmcloud.iam_service_id_info
  - module: cloudkeys.ibmcloud.iam_api_key
  - name: Coming from the CLI or the console
    description: Each command of the C(ibmcloud) program, and the task for it.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/from-the-cli.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Have an identity for the deployment
  cloudkeys.ibmcloud.iam_service_id:
    name: ci-deploy
    description: deploys from CI

- name: Protect an identity of the group edge against changes
  cloudkeys.ibmcloud.iam_service_id:
    name: gateway
    service_id_group: edge
    locked: true

- name: Rename a service ID that was made elsewhere
  cloudkeys.ibmcloud.iam_service_id:
    id: ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    name: ci-deploy-old

- name: Remove it with all its keys
  cloudkeys.ibmcloud.iam_service_id:
    name: ci-deploy
    state: absent
    delete_keys: true

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY, and a survey asks
# for robot_name and robot_purpose.
- name: Have the identity that the survey describes
  cloudkeys.ibmcloud.iam_service_id:
    name: "{{ robot_name }}"
    description: "{{ robot_purpose }}"

# Ad hoc, with the API key to log in with in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_service_id -a "name=ci-deploy description='deploys from CI'"
"""

RETURN = r"""
service_id:
  description: The service ID as it is after the task; null when it was deleted, and in check mode before it exists.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the service ID.
      returned: always
      type: str
      sample: ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    iam_id:
      description: IAM ID, for the option O(cloudkeys.ibmcloud.iam_api_key#module:iam_id).
      returned: always
      type: str
      sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    name:
      description: Name.
      returned: always
      type: str
      sample: ci-deploy
    account_id:
      description: Account.
      returned: always
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    description:
      description: Description.
      returned: always
      type: str
      sample: deploys from CI
    unique_instance_crns:
      description: CRNs of the service instances that it is for, sorted.
      returned: always
      type: list
      elements: str
      sample: ["crn:v1:bluemix:public:secrets-manager:eu-de:a/0a1b2c3d4e5f60718293a4b5c6d7e8f9:5c2e4f60::"]
    group_id:
      description: Id of its service-ID group; null when IBM Cloud does not tell.
      returned: always
      type: str
      sample: ServiceIdGroup-9c8b7a69-5847-4362-8514-0fedcba98765
    locked:
      description: Whether the service ID is locked.
      returned: always
      type: bool
      sample: true
    created_at:
      description: When it was created, in minutes, UTC.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    crn:
      description: Cloud resource name.
      returned: always
      type: str
      sample: "crn:v1:bluemix:public:iam-identity::a/0a1b2c3d4e5f60718293a4b5c6d7e8f9::serviceid:ServiceId-1f2e3d4c-..."
candidates:
  description: Ids of the service IDs that could be meant, or of the keys that stand in the way.
  returned: when the task fails because of them
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
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_service_id import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
