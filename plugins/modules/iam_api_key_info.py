#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key_info
short_description: Read IBM Cloud API keys
version_added: 1.0.0
description:
  - Lists the API keys of one user or service ID, or of the whole account, with their ages.
  - Never returns the value of a key.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.concurrency
  - cloudkeys.ibmcloud.identity
  - cloudkeys.ibmcloud.attributes.info
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.anywhere
options:
  name:
    description:
      - Only keys of exactly this name; there may be several. Without it and O(id), all are read.
    type: str
  scope:
    description:
      - V(entity) reads the keys of one identity, the caller itself if no other is named.
      - V(account) reads those of all users and service IDs of the account. It takes the role Administrator on
        IAM Identity, and leaves out the keys of service IDs that are not in the default service-ID group.
      - The keys of another user are read the same way, because IBM Cloud lists a user's keys to that user only.
    type: str
    choices: [entity, account]
    default: entity
  type:
    description:
      - With O(scope=account), only the keys of users (V(user)), or only those of service IDs (V(serviceid)). Without
        it, both.
    type: str
    choices: [user, serviceid]
  filter:
    description:
      - Let IBM Cloud pick the keys, for example C(name sw "ci-" and description co "deploy").
      - It knows C(sw), C(ew) and C(co) (starts with, ends with, contains), each with C(_ci) to ignore case, on C(name)
        and C(description), and C(and), C(or) and parentheses. There is no C(equals); use O(name).
      - Without it, all keys are read. A filter that IBM Cloud does not understand fails the task.
    type: str
  include_history:
    description:
      - Return who changed what.
    type: bool
    default: false
  include_activity:
    description:
      - Return how often and when each key logged in last. It takes one request a key, which IBM calls expensive.
    type: bool
    default: false
  id:
    description:
      - Only the key of this id, instead of O(name). An unknown id gives an empty list.
    type: str
  ids:
    description:
      - Ids of keys of whom nobody knows whose they are. RV(whose) has an entry for each of them, found or not.
      - Without it, O(values) and O(values_file), the keys of an identity or of the account are read.
    type: list
    elements: str
  values:
    description:
      - Texts with values of keys, as somebody found them, a text or a list of texts. Lines such as C(NAME=value), JSON
        of the CLI, logs, diffs and mails will do; what could be a value or an id is taken out and looked up.
      - RV(whose) has an entry for each value, which tells it by its place. No value is shown anywhere.
      - A value that no key of this account has is tried in a log-in, which names its account.
      - Without it, only what O(ids) and O(values_file) name is looked up.
    type: raw
  values_file:
    description:
      - A file with such texts, where the task runs. Without it, only what O(ids) and O(values) name is looked up.
    type: path
  vault_files:
    description:
      - Vault files with slots. RV(whose) names the slot that has a key on record. They are read on the controller, so
        this goes with C(connection=local). Without it, no slot is named.
    type: list
    elements: path
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_import
  - module: cloudkeys.ibmcloud.iam_leaked_keys
  - module: cloudkeys.ibmcloud.iam_api_key
  - module: cloudkeys.ibmcloud.iam_api_key_audit
  - module: cloudkeys.ibmcloud.iam_caller_info
  - module: cloudkeys.ibmcloud.iam_service_id_info
  - name: Coming from the CLI or the console
    description: Each command of the C(ibmcloud) program, and the task for it.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/from-the-cli.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: List my own keys
  cloudkeys.ibmcloud.iam_api_key_info:
  register: mine

- name: Show which of them are older than 90 days
  ansible.builtin.debug:
    msg: "{{ mine.api_keys | selectattr('age_days', '>', 90) | map(attribute='name') }}"

- name: Read the keys of CI with their last log-ins
  cloudkeys.ibmcloud.iam_api_key_info:
    scope: account
    type: serviceid
    filter: name sw "ci-"
    include_activity: true
  register: ci_keys

- name: List the keys of a service ID
  cloudkeys.ibmcloud.iam_api_key_info:
    service_id: ci-deploy
  register: deploy_keys

- name: Ask whose the keys in a log are
  cloudkeys.ibmcloud.iam_api_key_info:
    values_file: /run/pasted.log
    vault_files: [group_vars/all/vault.yml]
  register: asked

- name: Show the answers
  ansible.builtin.debug:
    msg: "{{ asked.report }}"

# In AWX: the credential "IBM Cloud IAM API key" of docs/examples/awx sets IBMCLOUD_API_KEY.
- name: Read the keys of the service ID that the survey names
  cloudkeys.ibmcloud.iam_api_key_info:
    service_id: "{{ survey_service_id }}"
  register: asked_for

- name: Hand names and ages on to the next job of the workflow
  ansible.builtin.set_stats:
    data:
      key_ages: "{{ asked_for.api_keys | items2dict(key_name='name', value_name='age_days') }}"

# Ad hoc, with the API key to log in with in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_info
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_info -a "service_id=ci-deploy include_activity=true"
"""

RETURN = r"""
api_keys:
  description: The keys that were found, without values, in IBM Cloud's order.
  returned: success
  type: list
  elements: dict
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
      description: What IBM does when it finds the key in public.
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
    age_days:
      description: Whole days since the key was created, by IBM Cloud's clock.
      returned: always
      type: int
      sample: 12
    expires_in_days:
      description: Whole days until the key stops working; null when it never does.
      returned: always
      type: int
      sample: 180
    erased_at:
      description:
        - When IBM Cloud erases the key for good unless somebody changes it, which is 90 days after its expiry or its
          last change, whichever is later. Null when it never expires.
      returned: always
      type: str
      sample: 2027-06-29T12:00+0000
    history:
      description: Who changed what, in IBM Cloud's words.
      returned: with O(include_history=true)
      type: list
      elements: dict
      sample:
        - timestamp: 2026-03-04T09:15+0000
          iam_id: IBMid-270000ABCD
          iam_id_account: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
          action: create apikey
          params: []
          message: the API key was created
    activity:
      description:
        - How often the key logged in (C(authn_count)) and when last (C(last_authn), null when it never did).
        - Null for a key that was deleted while it was looked at.
      returned: with O(include_activity=true)
      type: dict
      sample: {authn_count: 12, last_authn: 2026-03-04T09:15+0000}
    last_used_days:
      description: Whole days since the key logged in last; null when it never did.
      returned: with O(include_activity=true)
      type: int
      sample: 3
whose:
  description:
    - What each id and value that was given is, in the order in which they were given. A text that is a value only at a
      guess is left out when it is none.
  returned: when O(ids), O(values) or O(values_file) is given
  type: list
  elements: dict
  contains:
    number:
      description: Which of the items that were given it is, from 0; the same for every account that is asked.
      returned: always
      type: int
      sample: 4
    place:
      description: Where it was given.
      returned: always
      type: str
      sample: line 12 of `values_file`
    given_as:
      description: V(id) or V(value).
      returned: always
      type: str
      sample: value
    found:
      description: Whether there is such a key, in this account or in another one.
      returned: always
      type: bool
      sample: true
    is_guess:
      description: Whether the text did not look like a value by itself.
      returned: always
      type: bool
      sample: false
    is_of_this_account:
      description: Whether these credentials see the key.
      returned: always
      type: bool
      sample: true
    id:
      description: Id of the key; null when only its value is known.
      returned: always
      type: str
      sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    name:
      description: Name of the key.
      returned: always
      type: str
      sample: deploy
    iam_id:
      description: IAM ID of the owner.
      returned: always
      type: str
      sample: iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d
    owner:
      description: Type (V(user), V(serviceid)), name and email of the owner, as far as IAM tells them.
      returned: always
      type: dict
      sample: {type: serviceid, name: ci-deploy, email: null}
    account_id:
      description: Account of the owner. A value that logs in names it even if it is another one.
      returned: always
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    locked:
      description: Whether the key is locked; null when these credentials do not see it.
      returned: always
      type: bool
      sample: false
    disabled:
      description: Whether the key is disabled; null when that is not known.
      returned: always
      type: bool
      sample: false
    expires_at:
      description: When the key stops working, or null.
      returned: always
      type: str
      sample: 2027-03-31T12:00+0000
    last_used_at:
      description: When the key logged in last; null when it never did, or that cannot be told.
      returned: always
      type: str
      sample: 2026-03-04T09:15+0000
    log_in:
      description:
        - What a log-in with the value told. V(works), V(disabled), V(unknown), or V(refused) for another reason.
        - Null when none was tried, which is so for every key that these credentials see.
      returned: always
      type: str
      sample: works
    rotation_marker:
      description: The text that ties the key to a rotation slot, or null.
      returned: always
      type: str
      sample: "[cloudkeys 3f9a2c7d/5]"
    slot:
      description:
        - C(file), C(variable) and C(state) (V(published), V(pending), V(replaced)) of the slot in O(vault_files).
      returned: always
      type: dict
      sample: {file: /srv/vault.yml, variable: deploy_api_key, state: published}
    fingerprint:
      description: The first ten digits of the SHA-256 of the value, which tell it again and do not tell it.
      returned: always
      type: str
      sample: 5f2d0c9a17
    item:
      description: The id that was given, or such digits of the text, by which answers of several accounts are merged.
      returned: always
      type: str
      sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    problem:
      description: What could not be asked, and why; null when everything could.
      returned: always
      type: str
      sample: IBM Cloud IAM answered 500 to read an API key
report:
  description: The same in a line each, and the lines of the texts in which nothing was found by their numbers.
  returned: when O(ids), O(values) or O(values_file) is given
  type: list
  elements: str
  sample:
    - "line 12 of `values_file`: ApiKey-... (deploy) of ci-deploy in account 0a1b2c3d4e5f60718293a4b5c6d7e8f9, works"
problems:
  description: What was given and can be no key.
  returned: when O(ids), O(values) or O(values_file) is given
  type: list
  elements: str
  sample: [nothing in entry 2 of `values` could be an API key or the id of one]
account_id:
  description: The account that was asked.
  returned: when O(ids), O(values) or O(values_file) is given
  type: str
  sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
nothing_in:
  description: The lines of the texts in which nothing was found.
  returned: when O(ids), O(values) or O(values_file) is given
  type: list
  elements: str
  sample: [line 3 of `values_file`]
"""

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._module import run_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key_info import SPEC, run


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
