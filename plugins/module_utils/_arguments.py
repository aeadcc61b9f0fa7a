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

# A branch of a repository, and how Git logs in there.
BRANCH: Spec = {
    "repository": {"type": "str", "required": True},
    "branch": {"type": "str", "required": True},
    "token": {"type": "str", "no_log": True},
    "username": {"type": "str", "default": "x-access-token"},
    "ssh_key_file": {"type": "path", "no_log": False},
    "known_hosts_file": {"type": "path"},
    "author_name": {"type": "str", "default": "cloudkeys"},
    "author_email": {"type": "str", "default": "cloudkeys@localhost"},
    "timeout_seconds": {"type": "float", "default": 60},
}
BRANCH_RULES: dict[str, list[tuple[str, ...]]] = {"mutually_exclusive": [("token", "ssh_key_file")]}

# doc_fragments/git.py
GIT: Spec = {
    "git": {
        "type": "dict",
        "options": {
            **BRANCH,
            "message": {"type": "str", "default": "Rotate API keys"},
            "keep_working_copy": {"type": "bool", "default": False},
            "working_copy": {"type": "path"},
        },
        **BRANCH_RULES,
    }
}

# What a task tells Prometheus: plugin_utils/_metrics/.
METRICS: Spec = {
    "metrics": {
        "type": "dict",
        "options": {
            "file": {"type": "path", "required": True},
            "account": {"type": "str"},
            "mode": {"type": "str", "choices": ["0640", "0644"], "default": "0644"},
            "failed_before": {"type": "bool", "default": False},
        },
    }
}

STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}

# What keeps a key of a rotation from being taken away; iam_api_key, iam_api_key_bulk and iam_service_id have it.
ROTATED_KEYS: Spec = {
    "rotated_keys": {"type": "str", "choices": ["refuse", "allow"], "default": "refuse", "no_log": False}
}

# A number or `auto`: module_utils/_iam/concurrency.py reads it.
CONCURRENCY: Spec = {"concurrency": {"type": "raw", "default": "auto"}}

# The options of one API key; iam_api_key has them at its top, iam_api_key_bulk in each member of `keys`.
KEY_OPTIONS: Spec = {
    **IDENTITY,
    **STATE,
    "name": {"type": "str"},
    "id": {"type": "str"},
    "description": {"type": "str"},
    "expires_at": {"type": "str"},
    "action_when_leaked": {"type": "str", "choices": ["none", "disable", "delete"]},
    "support_sessions": {"type": "bool"},
    "locked": {"type": "bool"},
    "disabled": {"type": "bool"},
    "unlock": {"type": "bool", "default": False},
    "allow_self": {"type": "bool", "default": False},
    "on_duplicate": {"type": "str", "choices": ["fail", "newest", "oldest", "all"], "default": "fail"},
    "file": {"type": "path"},
    "reveal": {"type": "bool", "default": False},
    "discard_value": {"type": "bool", "default": False},
    "store_value": {"type": "bool"},
    "key_value": {"type": "str", "no_log": True},
    "key_source": {"type": "str", "choices": ["local", "iam"], "default": "local", "no_log": False},
    "on_missing_file": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
    "recreate": {"type": "bool", "default": False},
    **ROTATED_KEYS,
}
KEY_RULES: dict[str, list[tuple[str, ...]]] = {
    "mutually_exclusive": [
        *IDENTITY_RULES,
        ("file", "discard_value"),
        ("reveal", "discard_value"),
        ("store_value", "discard_value"),
        ("key_value", "discard_value"),
        # Whoever brings a value has it; Ansible masks it in every result.
        ("key_value", "reveal"),
    ],
    "required_one_of": [("name", "id", "key_value")],
}
