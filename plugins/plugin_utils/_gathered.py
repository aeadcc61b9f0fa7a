# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether Ansible has gathered what a run logs in with: its facts hold the whole environment, in clear."""

from __future__ import annotations

import typing as t

# Whatever names the log-in by itself, or the one of Git.
LOGIN_VARIABLES = ("IBMCLOUD_API_KEY", "IC_API_KEY", "IBMCLOUD_APIKEY", "IC_IAM_TOKEN", "CLOUDKEYS_GIT_TOKEN")


def why_facts_are_dangerous(
    task_vars: t.Mapping[str, t.Any] | None, environ: t.Mapping[str, str], secrets: t.Collection[str]
) -> str | None:
    """What to tell when the facts of this host hold a credential of this run; None when they do not."""
    known = {environ[name] for name in LOGIN_VARIABLES if environ.get(name)} | {each for each in secrets if each}
    names = sorted({name for name, value in _environment(task_vars or {}) if value in known})
    if not names:
        return None
    return (
        f"the facts that Ansible gathered hold {', '.join(names)}, which this run logs in with: whoever prints them "
        "or reads a fact cache has it. Say gather_facts: false in the play, or gather_subset: ['!env'], and clear the "
        "cache (ansible-playbook --flush-cache); replace a credential that others could read there"
    )


def _environment(task_vars: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    facts = task_vars.get("ansible_facts")
    for found in (facts.get("env") if isinstance(facts, t.Mapping) else None, task_vars.get("ansible_env")):
        for name, value in found.items() if isinstance(found, t.Mapping) else ():
            yield str(name), str(value)
