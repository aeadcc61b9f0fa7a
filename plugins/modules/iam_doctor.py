#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_doctor
short_description: Find out what a rotation of IBM Cloud API keys would stumble over
version_added: 0.1.0
description:
  - Asks whether the caller can log in, list keys, see when they were used, and has room for one more; whether the clock
    is right; whether vault secrets are loaded and which id would encrypt; whether the vault files can be changed and
    outlive the job.
  - One line each, fine or what to do. Fails when there is something to do.
  - Returns a ready file of slots for the keys that it sees.
  - Always runs on the controller, in Ansible's own process.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
attributes:
  check_mode:
    description: Can run in check mode; it only reads.
    support: full
    details: O(try_create) is passed over.
  diff_mode:
    description: It changes nothing, so there is no difference to show.
    support: N/A
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  action_group:
    description: Options can be set once for all tasks with C(module_defaults) for the group C(cloudkeys.ibmcloud.iam).
    membership: [cloudkeys.ibmcloud.iam]
    support: full
  action:
    description: Runs on the controller only.
    support: full
options:
  slots:
    description:
      - The slots of the rotation, as O(cloudkeys.ibmcloud.iam_api_key_rotation#module:slots) describes them. Their
        owners and files are looked at. Without it, the caller's own keys.
    type: list
    elements: dict
    default: []
  vault_id:
    description: The vault id that the rotation is to encrypt with, if it names one.
    type: str
  git:
    description:
      - Where the vault files are when they are in a Git repository, as in
        O(cloudkeys.ibmcloud.iam_api_key_rotation#module:git). The branch is read; that it may be pushed to shows at a
        push only. Without it, the files of the slots are looked at.
    type: dict
    suboptions:
      repository:
        description:
          - Address of the repository, C(https://HOST/PATH), C(USER@HOST:PATH), C(ssh://USER@HOST/PATH) or an absolute
            path.
        type: str
        required: true
      branch:
        description:
          - The branch that is read and pushed to. It has to be there, and the job has to be allowed to push to it.
        type: str
        required: true
      token:
        description:
          - Token for an address with C(https://). It is given to C(git) in a variable of that process, for the server
            of O(git.repository) only, and is in no argument, setting, address or output.
          - Without it and O(git.ssh_key_file), a non-empty environment variable E(CLOUDKEYS_GIT_TOKEN) is used.
        type: str
      username:
        description:
          - The user's name that goes with the token. GitHub and GitLab take any, Bitbucket wants V(x-token-auth).
        type: str
        default: x-access-token
      ssh_key_file:
        description:
          - Private key for an address of SSH, a file on the controller that only its owner may read.
          - Without it, a non-empty environment variable E(CLOUDKEYS_GIT_SSH_KEY_FILE) is used, and without that the
            keys of an SSH agent.
        type: path
      known_hosts_file:
        description:
          - File with the public key of the SSH server, as C(ssh-keyscan) prints it. A host that is not in it is
            refused.
          - Without it, a non-empty environment variable E(CLOUDKEYS_GIT_KNOWN_HOSTS_FILE) is used, and without that the
            files of the user and of the system.
        type: path
      author_name:
        description: Author and committer of the commits.
        type: str
        default: cloudkeys
      author_email:
        description: Address of the author; some servers accept known ones only.
        type: str
        default: cloudkeys@localhost
      message:
        description: First line of each commit message. The slots and their generations follow below.
        type: str
        default: Rotate API keys
      timeout_seconds:
        description: How long one call of C(git) may take.
        type: float
        default: 60
      keep_working_copy:
        description: Passed over here; the rotation has it.
        type: bool
        default: false
      working_copy:
        description: Passed over here; the rotation has it.
        type: path
  try_create:
    description:
      - Whether to make a key called C(cloudkeys doctor) of each owner and delete it at once. Nothing else tells whether
        that is allowed.
    type: bool
    default: false
  keys_per_identity:
    description: How many API keys one identity may have.
    type: int
    default: 20
  report_timeout_seconds:
    description: How long to wait for IBM Cloud's report on what was not used.
    type: float
    default: 60
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - module: cloudkeys.ibmcloud.iam_api_key_audit
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: See whether everything is ready for the rotation
  cloudkeys.ibmcloud.iam_doctor:
    slots: "{{ rotate_api_keys_slots }}"
    try_create: true

# Ad hoc, with the API key in the environment variable IBMCLOUD_API_KEY:
# ansible localhost -m cloudkeys.ibmcloud.iam_doctor --vault-id prod@prompt
"""

RETURN = r"""
checks:
  description: One entry a question.
  returned: always, unless the options do not make sense
  type: list
  elements: dict
  contains:
    name:
      description: What was asked.
      type: str
      sample: log in
    fine:
      description: Whether it is, or null when it was not asked.
      type: bool
    text:
      description: What was found, or what to do.
      type: str
report:
  description: The same as one line each.
  returned: always, unless the options do not make sense
  type: list
  elements: str
  sample: ["clock: fine, the controller agrees with IBM Cloud"]
slots:
  description: A file of slots for the keys that no rotation looks after; empty when there is none.
  returned: always, unless the options do not make sense
  type: str
"""
