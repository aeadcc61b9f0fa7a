# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that say how to reach IBM Cloud IAM and who is calling; argument spec: CONNECTION."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The IBM Cloud API key to log in with.
      - Any of O(api_key), O(api_key_file) and O(token) beats every environment variable.
        Without them the first non-empty of the environment variables E(IC_IAM_TOKEN), E(IBMCLOUD_API_KEY),
        E(IC_API_KEY) and E(IBMCLOUD_APIKEY) is used; E(IBMCLOUD_API_KEY) may also be C(@) and a file name.
      - This is not the key that a task manages.
    type: str
  api_key_file:
    description:
      - File with the API key to log in with, either the JSON file that C(ibmcloud iam api-key-create --file) and
        the option O(cloudkeys.ibmcloud.iam_api_key#module:file) write, or the bare value.
    type: path
  token:
    description:
      - A ready IBM Cloud IAM bearer token, instead of an API key. It is used until it expires and cannot be renewed.
      - When O(token) and O(api_key) are both given, O(token) is used.
    type: str
  account_id:
    description:
      - The account to work in. The credentials decide that by themselves.
        When this is given and the credentials belong to another account, the task fails before it does anything.
      - Without it, a non-empty environment variable E(IBMCLOUD_ACCOUNT_ID) is used.
    type: str
  iam_endpoint:
    description:
      - Address of IBM Cloud IAM, for private networks or tests.
      - Without it, a non-empty environment variable E(IBMCLOUD_IAM_API_ENDPOINT) is used,
        and without that V(https://iam.cloud.ibm.com).
    type: str
  validate_certs:
    description:
      - Whether the server's certificate is checked. V(false) gives your secrets to anybody in between.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates to trust, for a private certificate authority.
    type: path
requirements:
  - requests (on the host that runs the task; with a local connection that is the controller)
"""
