# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One constant for each documentation fragment: the options that several modules share."""

from __future__ import annotations

import typing as t

Spec = dict[str, dict[str, t.Any]]

# doc_fragments/connection.py. No fallbacks to the environment here: a token in the environment must not beat an API key
# in the task, so credentials.py looks at both.
CONNECTION: Spec = {
    "api_key": {"type": "str", "no_log": True},
    "api_key_file": {"type": "path", "no_log": False},
    "token": {"type": "str", "no_log": True},
    "profile_id": {"type": "str"},
    "profile_crn": {"type": "str"},
    "profile_name": {"type": "str"},
    "cr_token_file": {"type": "path", "no_log": False},
    "account_id": {"type": "str"},
    "iam_endpoint": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}

# doc_fragments/identity.py
IDENTITY: Spec = {
    "iam_id": {"type": "str"},
    "service_id": {"type": "str"},
    "service_id_group": {"type": "str"},
}
IDENTITY_RULES: list[tuple[str, ...]] = [("iam_id", "service_id")]

STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
