#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_caller_info
short_description: Log in to IBM Cloud and tell who the credentials are
version_added: 1.0.0
description:
  - Logs in and returns identity and account. Fails when the credentials do not log in.
  - With O(profile_id), O(profile_crn) or O(profile_name) the caller is that trusted profile.
  - Use it to prove that a key works, before and after it is put to use.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.attributes.info
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.anywhere
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - plugin: cloudkeys.ibmcloud.iam_token
    plugin_type: lookup
  - name: Many accounts
    description: One play for several accounts of IBM Cloud.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/many-accounts.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Prove that the key in the vault file logs in
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', 'deploy_api_key', file='secrets.yml') }}"

- name: Prove that this key may work as a trusted profile
  cloudkeys.ibmcloud.iam_caller_info:
    api_key_file: ~/deploy.json
    profile_name: key-rotation

- name: Work without any key, in a pod whose trusted profile is linked with it
  cloudkeys.ibmcloud.iam_caller_info:
    cr_token_file: /var/run/secrets/tokens/vault-token
    profile_id: Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c
    iam_endpoint: https://private.iam.cloud.ibm.com

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY.
- name: Show as whom this job works
  cloudkeys.ibmcloud.iam_caller_info:
  register: who

- name: Stop when it is the wrong account
  ansible.builtin.assert:
    that: who.caller.account_id == expected_account_id

# Ad hoc, with the API key in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_caller_info
"""

RETURN = r"""
caller:
  description: Who logged in.
  returned: success
  type: dict
  contains:
    iam_id:
      description: IAM ID of the user, service ID or trusted profile.
      returned: always
      type: str
      sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    type:
      description: What the caller is, V(user), V(serviceid) or V(profile).
      returned: always
      type: str
      sample: serviceid
    id:
      description: Id of the service ID or trusted profile; null for a user.
      returned: always
      type: str
      sample: ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    account_id:
      description: The account that the credentials belong to.
      returned: always
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    name:
      description: Name of the user, service ID or trusted profile, or null.
      returned: always
      type: str
      sample: ci-deploy
    email:
      description: Address of a user, or null.
      returned: always
      type: str
      sample: ada@example.com
    token_expires_at:
      description: When the token of this log-in expires.
      returned: always
      type: str
      sample: 2026-03-04T10:15+0000
    token_lifetime_seconds:
      description: How long such a token lives; the settings of the account decide that.
      returned: always
      type: int
      sample: 3600
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_caller_info import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
