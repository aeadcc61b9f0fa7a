# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: iam_token
short_description: A bearer token of IBM Cloud IAM
version_added: 1.0.0
description:
  - Logs in on the controller and returns a bearer token, for M(ansible.builtin.uri) and everything else that talks to
    an API of IBM Cloud.
  - It takes the same options and environment variables as the modules of this collection.
    C(module_defaults) and the task keyword C(environment) do not reach lookups; give options or set variables where
    Ansible starts.
  - One log-in serves a whole task with its loop. A token is replaced when four fifths of its life are over, so it is
    good for at least twelve of the usual sixty minutes.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
notes:
  - A token is a secret. Ansible shows the headers of M(ansible.builtin.uri) with C(-vvv), so set C(no_log) on a task
    that uses it. From ansible-core 2.22 on it is masked there.
  - It takes no terms.
seealso:
  - module: cloudkeys.ibmcloud.iam_caller_info
  - name: Security model
    description: What is protected where, and what Ansible itself shows.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/security-model.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Read the resource groups of the account
  ansible.builtin.uri:
    url: https://resource-controller.cloud.ibm.com/v2/resource_groups
    headers:
      Authorization: "Bearer {{ lookup('cloudkeys.ibmcloud.iam_token') }}"
  register: resource_groups
  no_log: true

- name: The same as a trusted profile
  ansible.builtin.uri:
    url: https://resource-controller.cloud.ibm.com/v2/resource_groups
    headers:
      Authorization: "Bearer {{ lookup('cloudkeys.ibmcloud.iam_token', api_key=admin_key, profile_name='reader') }}"
  no_log: true

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY where the job starts.
- name: Read the instances of services in the resource group that the survey names
  ansible.builtin.uri:
    url: "https://resource-controller.cloud.ibm.com/v2/resource_instances?resource_group_id={{ group_id }}"
    headers:
      Authorization: "Bearer {{ lookup('cloudkeys.ibmcloud.iam_token') }}"
  no_log: true

# Ad hoc, with the API key in the environment variable IBMCLOUD_API_KEY; it shows who the token is, not the token:
# ansible localhost -m cloudkeys.ibmcloud.iam_caller_info -a "token={{ lookup('cloudkeys.ibmcloud.iam_token') }}"
"""

RETURN = r"""
_raw:
  description: One token, without the word Bearer.
  returned: success
  type: list
  elements: str
  sample: [eyJraWQiOiIyMDI2MDEwMTAwMDAi...]
"""

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import without_blanks
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import cautions
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.wire import REQUESTS_IMPORT_ERROR
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import failure_of, outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect, scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_token import bearer_token
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._terminal import warn


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """The token of these options and this environment; no other exception gets out: Ansible shows its text."""
        try:
            return [self._token(terms, variables, kwargs)]
        except AnsibleError as error:
            raise AnsibleError(shown(scrub(str(error)))) from None
        except Exception as error:
            raise AnsibleError(f"iam_token: {failure_of(error)['msg']}") from None

    def _token(self, terms: list[t.Any], variables: t.Any, options: dict[str, t.Any]) -> str:
        if terms:
            raise AnsibleError("iam_token: there is nothing to look up by name; give options, such as api_key=...")
        if REQUESTS_IMPORT_ERROR:
            raise AnsibleError("iam_token: the Python library requests is missing on the controller")
        checked = check_arguments({"argument_spec": CONNECTION}, options, "iam_token")
        for secret in checked.secrets:
            protect(secret)
        if checked.problem:
            raise AnsibleError(f"iam_token: {checked.problem}")
        said = without_blanks(CONNECTION, options)[0]
        # ansible-core has no types for these.
        ansible: t.Any = self
        ansible.set_options(var_options=variables, direct=said)
        for text in cautions(ansible.get_options(), os.environ):
            warn(text)
        result = outcome(lambda params, _check: {"key_value": bearer_token(params)}, ansible.get_options(), False)
        if result.get("failed"):
            raise AnsibleError(f"iam_token: {result['msg']}")
        return str(result["key_value"])
