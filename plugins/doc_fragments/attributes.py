# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user may expect of a plugin in check mode, with diff, and in a second run."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what would be changed, without changing it.
  diff_mode:
    description: Returns what would change or has changed; never a secret.
  idempotent:
    description: A second run with the same options changes nothing.
  action_group:
    description: Options can be set once for all tasks with C(module_defaults) for the group C(cloudkeys.ibmcloud.iam).
    membership: [cloudkeys.ibmcloud.iam]
    support: full
  in_process:
    description:
      - With a local connection, no C(become) and no C(async), the work is done inside Ansible's own process instead of
        a new one. It is faster, and no secret lies in a temporary file. C(ansible_python_interpreter) is not used then.
      - The environment variable E(CLOUDKEYS_IN_PROCESS), set to V(0), turns it off.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode; it only reads.
    support: full
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
  in_process:
    description:
      - With a local connection, no C(become) and no C(async), the work is done inside Ansible's own process instead of
        a new one. It is faster, and no secret lies in a temporary file. C(ansible_python_interpreter) is not used then.
      - The environment variable E(CLOUDKEYS_IN_PROCESS), set to V(0), turns it off.
    support: full
"""
