# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an audit tells of an account as metrics; pure."""

from __future__ import annotations

import typing as t
from collections import Counter

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, SEVERITIES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import AUDIT, Samples, series

OLDER_THAN_DAYS = (30, 90, 180, 365)

Data = dict[str, t.Any]


def known_of(found: Data, account: str, slot_labels: t.Mapping[str, str]) -> Known:
    """What was found in one account, for the label that it has; the numbers of keys and findings, and no key.

    `slot_labels` is what the slot of a key is called, by the key's id, for those that are on record.
    """
    keys = found["keys"]
    counts = found["counts"]
    rules = Counter(each["rule"] for key in keys for each in key["findings"] if not each["exception"])

    def of(name: str, **labels: str) -> t.Any:
        return series(f"{AUDIT}_{name}", account, **labels)

    samples: Samples = {
        of("keys"): counts["keys"],
        of("excused_findings"): counts["excused"],
        of("not_checked"): len(found["not_checked"]),
        **{of("findings", severity=severity): counts[severity] for severity in SEVERITIES},
        # A rule that finds nothing is told too, so that an alert on it ends.
        **{of("rule_findings", rule=rule.name, severity=rule.severity): rules[rule.name] for rule in ALL_RULES},
        **{of("old_keys", days=str(days)): sum(key["age_days"] > days for key in keys) for days in OLDER_THAN_DAYS},
        **{
            of("control_state", source=each["source"], number=each["number"], state=each["state"]): 1
            for each in found["controls"]
        },
    }
    samples |= {of("slot_findings", slot=slot, severity=each): n for (slot, each), n in _by_slot(keys, slot_labels)}
    created = [_seconds(key["created_at"]) for key in keys]
    expiring = [key for key in keys if key["expires_at"] and not key["disabled"] and key["expires_in_days"] >= 0]
    if created:
        samples[of("oldest_key_created_timestamp_seconds")] = min(created)
    if expiring:
        samples[of("next_expiry_timestamp_seconds")] = min(_seconds(key["expires_at"]) for key in expiring)
    return Known(found["account_id"], samples)


def _by_slot(keys: t.Sequence[Data], slot_labels: t.Mapping[str, str]) -> t.Iterable[tuple[tuple[str, str], int]]:
    """How many findings of each severity a slot has; one without any is told too, so that an alert on it ends.

    Of a slot of which no key was looked at, as one of another account, nobody can say that it has none.
    """
    looked_at = [(slot_labels[key["id"]], key) for key in keys if key["id"] in slot_labels]
    counts = {(slot, severity): 0 for slot, _key in looked_at for severity in SEVERITIES}
    for slot, key in looked_at:
        for each in key["findings"]:
            if not each["exception"]:
                counts[slot, each["severity"]] += 1
    return counts.items()


def _seconds(text: str) -> int:
    return int(parse_time(text).timestamp())
