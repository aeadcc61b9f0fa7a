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
      - Any of O(api_key), O(api_key_file), O(token) and O(cr_token_file) beats every environment variable.
        Without them the first non-empty of the environment variables E(IC_IAM_TOKEN), E(IBMCLOUD_API_KEY),
        E(IC_API_KEY) and E(IBMCLOUD_APIKEY) is used; E(IBMCLOUD_API_KEY) may also be C(@) and a file name.
      - This is not the key that a task manages.
    type: str
  api_key_file:
    description:
      - File with the API key to log in with, either the JSON file that C(ibmcloud iam api-key-create --file) and
        the option O(cloudkeys.ibmcloud.iam_api_key#module:file) write, or the bare value.
      - A file that is missing or holds no key fails the task. Only read when O(api_key) and O(token) are not set.
      - A file that everybody on the machine may write, or replace, is refused; of one that its group may write a
        warning tells. The same holds for O(cr_token_file), and everybody for O(ca_path).
    type: path
  token:
    description:
      - A ready IBM Cloud IAM bearer token, instead of an API key. It is used until it expires and cannot be renewed.
      - When O(token) and O(api_key) are both given, O(token) is used.
    type: str
  profile_id:
    description:
      - Id of a trusted profile to work as (V(Profile-...)). It is assumed with the API key or token that logs in, or
        with O(cr_token_file), and costs one more request.
      - The profile has to list the caller among those that may assume it, and needs roles of its own on the service
        IAM Identity.
      - A trusted profile can manage the API keys of service IDs. It has no API keys, and nobody but a user can create
        the user's keys.
      - Only one of O(profile_id), O(profile_crn) and O(profile_name) may be given. Without them the task works as
        whoever logs in.
    type: str
  profile_crn:
    description:
      - CRN of the trusted profile to work as, instead of O(profile_id).
    type: str
  profile_name:
    description:
      - Name of the trusted profile to work as, instead of O(profile_id).
      - It is looked for in O(account_id), or else in the account of the caller.
    type: str
  cr_token_file:
    description:
      - File with the token that IBM Cloud puts into a compute resource, such as
        V(/var/run/secrets/tokens/vault-token) in a pod of a Kubernetes or OpenShift cluster.
      - With O(profile_id), O(profile_crn) or O(profile_name) a task logs in with it instead of an API key, so no secret
        has to be kept. It beats every environment variable, and cannot be combined with O(api_key), O(api_key_file) or
        O(token).
      - It is read before each log-in, because IBM Cloud renews it.
    type: path
  account_id:
    description:
      - The account to work in. The credentials decide that by themselves.
        When this is given and the credentials belong to another account, the task fails before it does anything.
      - Without it, a non-empty environment variable E(IBMCLOUD_ACCOUNT_ID) is used.
    type: str
  iam_endpoint:
    description:
      - Address of IBM Cloud IAM, for private networks or tests.
      - From a VPC, through its gateway for private endpoints, use V(https://private.iam.cloud.ibm.com).
        From the classic private network use that of a region, such as V(https://private.eu-de.iam.cloud.ibm.com).
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
      - File with the certificates to trust, for a private certificate authority (PEM).
      - Without it, those of the Python library C(requests) count, and what E(REQUESTS_CA_BUNDLE) names.
    type: path
notes:
  - An option that is blank (null, nothing but blanks, or a list of such) counts as not set. One that says who the task
    works as, or what it touches, such as an owner, an id or a name, must not be blank. An empty list says none.
requirements:
  - requests (on the host that runs the task; with a local connection that is the controller)
"""
