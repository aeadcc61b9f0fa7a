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
options:
  id:
    description:
      - Only the service ID of this id, whatever its group is. An unknown id gives an empty list.
    type: str
  name:
    description:
      - Only service IDs of exactly this name; there may be several.
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

# Ad hoc:
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
      type: str
      sample: ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    iam_id:
      description: IAM ID, for the option O(cloudkeys.ibmcloud.iam_api_key#module:iam_id).
      type: str
      sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    name:
      description: Name.
      type: str
      sample: ci-deploy
    account_id:
      description: Account.
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    description:
      description: Description.
      type: str
    unique_instance_crns:
      description: CRNs of the service instances that it is for.
      type: list
      elements: str
    locked:
      description: Whether the service ID is locked.
      type: bool
    group_id:
      description: Id of its service-ID group; null when IBM Cloud does not tell.
      type: str
      sample: ServiceIdGroup-9c8b7a69-5847-4362-8514-0fedcba98765
    created_at:
      description: When it was created, in minutes, UTC.
      type: str
      sample: 2026-03-04T09:15+0000
    modified_at:
      description: When it was last changed.
      type: str
    crn:
      description: Cloud resource name.
      type: str
    age_days:
      description: Whole days since it was created, by IBM Cloud's clock.
      type: int
      sample: 12
    history:
      description: Who changed what, in IBM Cloud's words.
      returned: with O(include_history=true)
      type: list
      elements: dict
    activity:
      description: How often it logged in (C(authn_count)) and when last (C(last_authn), null when it never did).
      returned: with O(include_activity=true)
      type: dict
      sample: {authn_count: 12, last_authn: 2026-03-04T09:15+0000}
    last_used_days:
      description: Whole days since it logged in last; null when it never did.
      returned: with O(include_activity=true)
      type: int
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_service_id_info import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
