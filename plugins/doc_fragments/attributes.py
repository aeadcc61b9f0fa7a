# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user may expect of a plugin: in check mode, with diff, in a second run; and where the work is done."""

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
  platform:
    description: Kinds of systems that can do the work.
    platforms: posix
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
  platform:
    description: Kinds of systems that can do the work.
    platforms: posix
    support: full
"""

    LOGIN = r"""
options: {}
attributes:
  action_group:
    description: Options can be set once for all tasks with C(module_defaults) for the group C(cloudkeys.ibmcloud.iam).
    membership: [cloudkeys.ibmcloud.iam]
    support: full
"""

    # A module that an action of the same name may do in its own process.
    ANYWHERE = r"""
options: {}
attributes:
  in_process:
    description:
      - With a local connection, no C(become) and no C(async), the work is done inside Ansible's own process instead of
        a new one. It is faster, and no secret lies in a temporary file. C(ansible_python_interpreter) is not used then.
      - The environment variable E(CLOUDKEYS_IN_PROCESS), set to V(0), turns it off.
    support: full
  connection:
    description:
      - The work is done on the host of the task, over its connection; files and the proxy are those of that host.
    support: full
  async:
    description: Can run in the background with C(async).
    support: full
"""

    CONTROLLER = r"""
options: {}
attributes:
  action:
    description:
      - The work is done on the controller, in Ansible's own process, because the vault secrets and the files are there.
    support: full
  connection:
    description:
      - The connection of the host is not used, and neither are C(become) and C(delegate_to). With several hosts the
        task is done on the controller once for each of them, with the variables of that host.
    support: none
  async:
    description: Can run in the background with C(async).
    support: none
    details: The task fails before it does anything, because Ansible would keep the result on disk.
"""
