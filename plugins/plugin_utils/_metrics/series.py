# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is told as metrics, and its text for node_exporter's textfile collector; pure.

All are gauges with whole numbers. A moment is a Unix time, so that an age is right whenever it is looked at, also when
no run has written the file since.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown

ROTATION, AUDIT = "cloudkeys_rotation", "cloudkeys_audit"
HEADER = "# Of cloudkeys.ibmcloud, which writes this file anew with each run."

_RUN = {
    "account_info": "1; which account of IBM Cloud this is.",
    "last_run_timestamp_seconds": "When a run ended last, whatever became of it.",
    "last_success_timestamp_seconds": "When a run ended last that did not fail; 0 for never.",
    "last_run_failed": "1 when the last run failed.",
}
_ROTATION = {
    "slot_state": "1; the state in which the last run left the slot, failed among them.",
    "slot_failed": "1 when the slot failed in the last run.",
    "slot_key_created_timestamp_seconds": "When the published key of the slot was created.",
    "slot_key_expires_timestamp_seconds": "When the published key of the slot expires, if it does.",
    "slot_due_timestamp_seconds": "When the published key of the slot is due to be replaced.",
    "slot_next_timestamp_seconds": "When a slot that waits goes on.",
    "slot_replaced_keys": "Keys of the slot that were replaced and are still there.",
}
_AUDIT = {
    "keys": "Keys that were looked at.",
    "old_keys": "Keys that were older than so many days when they were looked at.",
    "oldest_key_created_timestamp_seconds": "When the oldest key was created.",
    "next_expiry_timestamp_seconds": "When the next key expires that could log in.",
    "findings": "Findings of each severity that nobody answers for.",
    "rule_findings": "Findings of each rule that nobody answers for.",
    "slot_findings": "Findings of each severity, of the keys of the slot, that nobody answers for.",
    "excused_findings": "Findings that somebody answers for.",
    "control_state": "1; what the account is judged by a control.",
    "not_checked": "Things that could not be looked at.",
}
HELP: dict[str, str] = {
    **{f"{ROTATION}_{name}": text for name, text in {**_RUN, **_ROTATION}.items()},
    **{f"{AUDIT}_{name}": text for name, text in {**_RUN, **_AUDIT}.items()},
}

_LABEL = r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"'
_SAMPLE = re.compile(
    rf"(?P<name>(?:{ROTATION}|{AUDIT})_[a-z_]+)\{{(?P<labels>{_LABEL}(?:,{_LABEL})*)\}} (?P<value>[0-9]{{1,20}})"
)
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
_MEANT = {escaped: character for character, escaped in _ESCAPED.items()}


class NotOurs(ValueError):
    """A text has something in it that is none of our metrics."""


class Series(t.NamedTuple):
    """One time series: a metric's name, and its labels in their order."""

    name: str
    labels: tuple[tuple[str, str], ...]

    def label(self, name: str) -> str:
        """The text of a label; empty without it, which is the same to Prometheus."""
        return dict(self.labels).get(name, "")


Samples = dict[Series, int]


def series(name: str, account: str, **labels: str) -> Series:
    """A series of an account; a metric of that name has to be in HELP.

    People look at the file in a terminal, and a path of bytes that are no text has characters that no file can hold.
    """
    if name not in HELP:
        raise KeyError(name)
    return Series(name, tuple((label, shown(value)) for label, value in {"account": account, **labels}.items()))


def to_text(samples: Samples) -> str:
    """The file: each metric once, with all its series, in the order of HELP; each series once, since it is a key."""
    lines = [HEADER]
    for name, text in HELP.items():
        of_name = sorted(each for each in samples if each.name == name)
        if of_name:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
            lines += [f"{name}{{{_labels(each)}}} {samples[each]}" for each in of_name]
    return "\n".join(lines) + "\n"


def read_text(text: str) -> Samples:
    """The samples of such a file; what this release has no metric for is left out. Raises NotOurs."""
    if not text:
        return {}
    head, *lines = text.split("\n")
    if head != HEADER or lines[-1:] != [""]:
        raise NotOurs
    samples: Samples = {}
    for line in lines[:-1]:
        if line.startswith("# "):
            continue
        found = _SAMPLE.fullmatch(line)
        if found is None:
            raise NotOurs
        labels = tuple((name, _meant(value)) for name, value in re.findall(_LABEL, found["labels"]))
        if found["name"] in HELP:
            samples[Series(found["name"], labels)] = int(found["value"])
    return samples


def _labels(each: Series) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in each.labels)


def _escaped(value: str) -> str:
    return re.sub(r'[\\"\n]', lambda found: _ESCAPED[found[0]], value)


def _meant(value: str) -> str:
    return re.sub(r'\\[\\"n]', lambda found: _MEANT[found[0]], value)
