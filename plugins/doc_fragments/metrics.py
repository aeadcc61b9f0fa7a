# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """Where numbers for a monitoring go."""

    DOCUMENTATION = r"""
options:
  metrics:
    description:
      - Tells a monitoring how things are, in a file for the textfile collector of Prometheus' C(node_exporter). The
        guide C(docs/metrics.md) names the metrics, and alerts.
      - The file is written when the task has ended, also when it has failed, and replaced as a whole. It holds names
        and dates, no ids of keys and no values. That it was written does not count as changed. Check mode writes none.
      - When it cannot be written the task fails, after it has done everything else.
      - Without it, no metrics are written.
    type: dict
    suboptions:
      file:
        description:
          - The file on the controller, whose name ends in C(.prom). Its folder has to exist. A relative path starts at
            the folder of the playbook. In an ad-hoc call, and with the playbooks of this collection, it starts where
            Ansible was started.
          - Accounts may share it, and rotation and audit may; what it tells of others stays. A file that has anything
            else in it is refused and left. A symbolic link is replaced; what it leads to stays.
        type: path
        required: true
      account:
        description:
          - What the label C(account) says. Without it the name of the host of the inventory; in an audit what the
            account is called there, if that is said.
          - In one folder an account has one name and one file; C(node_exporter) tells nothing at all when two of its
            files have the same. Two tasks that rotate other slots of one account need a name each.
        type: str
      mode:
        description:
          - Who may read the file. V(0644) is everybody. V(0640) is the group of the file, which is that of the folder
            where the folder has the setgid bit.
        type: str
        choices: ["0640", "0644"]
        default: "0644"
      failed_before:
        description:
          - That a task before has failed whose work this one ends, so that the run is no success.
        type: bool
        default: false
"""
