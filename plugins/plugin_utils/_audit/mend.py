# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The task that mends what a rule found, ready to copy."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Finding
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import Rule

MOST_IDS = 20


def task_for(rule: Rule, findings: t.Sequence[Finding]) -> str:
    """YAML of the rule's task over the ids of its keys; of many keys the first ones."""
    if not rule.task or "@ids@" not in rule.task:
        return rule.task or ""
    ids = [finding.key.id for finding in findings]
    listed = "".join(f"\n    - {key_id}" for key_id in ids[:MOST_IDS])
    more = f"\n    # and {len(ids) - MOST_IDS} more, see the JSON" if len(ids) > MOST_IDS else ""
    return rule.task.replace(" @ids@", listed + more)
