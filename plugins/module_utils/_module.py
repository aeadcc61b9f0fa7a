# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module's main() does: check the arguments, run the work, leave."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import why_refused, without_blanks
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import cautions
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.wire import REQUESTS_IMPORT_ERROR
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import Work, failure_of, outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import (
    doubtful_texts,
    hidden_in_addresses,
    of_the_task,
    secret_texts,
    texts_like_a_value,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import (
    SHORTEST_SECRET,
    conceal,
    protect,
    scrub,
    scrub_words,
)


class _Module(AnsibleModule):
    """Leaves blank options out before it checks the others, because afterwards nobody can tell what was blank."""

    blank: list[str]
    no_log_values: set[str]
    is_checked = False

    def __init__(self, **spec: t.Any) -> None:
        # ansible-core has no types for these.
        base: t.Any = super()
        base.__init__(**spec)
        self.is_checked = True

    def _load_params(self) -> None:
        base: t.Any = super()
        base._load_params()
        for text in secret_texts(self.argument_spec, self.params):
            protect(text)
        for text in hidden_in_addresses(self.params):
            protect(text)
            # Ansible logs all arguments on the host, and shows them when the task fails.
            self.no_log_values.update([text] if len(text) >= SHORTEST_SECRET else [])
        self.params, self.blank = without_blanks(self.argument_spec, self.params)

    def fail_json(self, msg: str, **told: t.Any) -> t.NoReturn:
        """End with a failure; Ansible's own check of the arguments quotes them, and shows all that it was given."""
        base: t.Any = super()
        if not self.is_checked:
            given = of_the_task(self.params)
            for text in (*doubtful_texts(self.argument_spec, given), *texts_like_a_value(given)):
                conceal(text)
            told["invocation"] = {"module_args": scrub_words(self.params)}
        base.fail_json(scrub(msg), **told)
        raise SystemExit(1)


def run_module(work: Work, spec: dict[str, t.Any]) -> None:
    """Run `work` as a module and end the process; no exception gets out, since Ansible would show its text."""
    module = _Module(supports_check_mode=True, **spec)
    try:
        _run(module, work)
    except Exception as error:
        module.fail_json(**failure_of(error))


def _run(module: _Module, work: Work) -> None:
    refusal = why_refused(module.blank)
    if refusal:
        module.fail_json(msg=refusal)
    if REQUESTS_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("requests"), exception=REQUESTS_IMPORT_ERROR)
    for text in cautions(module.params, os.environ):
        module.warn(text)
    result = outcome(work, dict(module.params), module.check_mode)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
