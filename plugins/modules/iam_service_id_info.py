#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_service_id_info
short_description: Read IBM Cloud service IDs
version_added: 1.0.0
description:
  - Lists the service IDs of one service-ID group of the account, or of all groups, with their ages and on demand their
    last use.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.attributes.info
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.anywhere
options:
  id:
    description:
      - Only the service ID of this id, whatever its group is, instead of O(name). An unknown id gives an empty list.
    type: str
  name:
    description:
      - Only service IDs of exactly this name; there may be several. Without it and O(id), all are read.
    type: str
  service_id_group:
    description:
      - The service-ID group to look in, by its id (V(ServiceIdGroup-...)) or its name, which costs one more request.
      - Without it and without O(all_groups) only the default group of the account is searched.
    type: str
  all_groups:
    description:
      - Look in every service-ID group of the account, one request more and at least one for each group.
    type: bool
    default: false
  filter:
    description:
      - Let IBM Cloud pick the service IDs, for example C(name sw "ci-" and description co "deploy").
      - It knows C(sw), C(ew) and C(co) (starts with, ends with, contains), each with C(_ci) to ignore case, on C(name)
        and C(description), and C(and), C(or) and parentheses. There is no C(equals); use O(name).
      - Without it, all service IDs are read. A filter that IBM Cloud does not understand fails the task.
    type: str
  include_history:
    description:
      - Return who changed what.
    type: bool
    default: false
  include_activity:
    description:
      - Return how often and when each service ID logged in last. It takes one request a service ID, which IBM calls
        expensive.
    type: bool
    default: false
seealso:
  - module: cloudkeys.ibmcloud.iam_service_id
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - name: Coming from the CLI or the console
    description: Each command of the C(ibmcloud) program, and the task for it.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/from-the-cli.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Find the service IDs of CI that were not used for 30 days
  cloudkeys.ibmcloud.iam_service_id_info:
    filter: name sw "ci-"
    all_groups: true
    include_activity: true
  register: ci

- name: Show them
  ansible.builtin.debug:
    msg: "{{ ci.service_ids | rejectattr('last_used_days', 'none') | selectattr('last_used_days', '>', 30) }}"

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY.
- name: Find the service ID that the survey names
  cloudkeys.ibmcloud.iam_service_id_info:
    name: "{{ robot_name }}"
    all_groups: true
  register: robots

# Ad hoc, with the API key to log in with in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_service_id_info
"""

RETURN = r"""
service_ids:
  description: The service IDs that were found, group by group in IBM Cloud's order.
  returned: success
  type: list
  elements: dict
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
      description: CRNs of the service instances that it is for.
      returned: always
      type: list
      elements: str
      sample: ["crn:v1:bluemix:public:secrets-manager:eu-de:a/0a1b2c3d4e5f60718293a4b5c6d7e8f9:5c2e4f60::"]
    locked:
      description: Whether the service ID is locked.
      returned: always
      type: bool
      sample: true
    group_id:
      description: Id of its service-ID group; null when IBM Cloud does not tell.
      returned: always
      type: str
      sample: ServiceIdGroup-9c8b7a69-5847-4362-8514-0fedcba98765
    created_at:
      description: When it was created, in minutes, UTC.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    modified_at:
      description: When it was last changed.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    crn:
      description: Cloud resource name.
      returned: always
      type: str
      sample: "crn:v1:bluemix:public:iam-identity::a/0a1b2c3d4e5f60718293a4b5c6d7e8f9::serviceid:ServiceId-1f2e3d4c-..."
    age_days:
      description: Whole days since it was created, by IBM Cloud's clock.
      returned: always
      type: int
      sample: 12
    history:
      description: Who changed what, in IBM Cloud's words.
      returned: with O(include_history=true)
      type: list
      elements: dict
      sample:
        - timestamp: 2026-03-04T09:15+0000
          iam_id: IBMid-270000ABCD
          iam_id_account: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
          action: create serviceid
          params: []
          message: the service ID was created
    activity:
      description: How often it logged in (C(authn_count)) and when last (C(last_authn), null when it never did).
      returned: with O(include_activity=true)
      type: dict
      sample: {authn_count: 12, last_authn: 2026-03-04T09:15+0000}
    last_used_days:
      description: Whole days since it logged in last; null when it never did.
      returned: with O(include_activity=true)
      type: int
      sample: 3
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_service_id_info import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
