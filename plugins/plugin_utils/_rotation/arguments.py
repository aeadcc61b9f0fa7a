# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of iam_api_key_rotation; the manual is in plugins/modules/iam_api_key_rotation.py."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONCURRENCY, CONNECTION, GIT, METRICS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import POLICY_SPEC, Options
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.report import REPORTS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import LEAK_RESPONSES, STAGES

SLOT_SPEC: Options = {
    "name": {"type": "str", "required": True},
    "file": {"type": "path", "required": True},
    "variable": {"type": "raw"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "key_name": {"type": "str", "no_log": False},
    "iam_id": {"type": "str"},
    "service_id": {"type": "str"},
    "service_id_group": {"type": "str"},
    "description": {"type": "str"},
    "locked": {"type": "bool", "default": False},
    "use_marker": {"type": "bool", "default": True},
    "hand_over": {"type": "bool", "default": False},
    "data": {"type": "dict", "default": {}},
    "copies": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"file": {"type": "path", "required": True}, "variable": {"type": "raw", "required": True}},
    },
    "moved_from": {
        "type": "dict",
        "options": {"file": {"type": "path"}, "variable": {"type": "raw"}},
        "required_one_of": [("file", "variable")],
    },
    "retire_ids": {"type": "list", "elements": "str", "default": []},
    # Its options are checked with `policy_of`, because here "" counts as not said.
    "policy": {"type": "dict"},
}

ORDERS_SPEC: Options = {
    "until": {"type": "str", "choices": list(STAGES), "default": "retired"},
    "compromised_ids": {"type": "list", "elements": "str", "default": []},
    "only_leaked": {"type": "bool", "default": False},
    "leak_response": {"type": "str", "choices": list(LEAK_RESPONSES), "default": "disable_first"},
    "rollback_to_ids": {"type": "list", "elements": "str", "default": []},
    "compromised_values": {"type": "list", "elements": "str", "no_log": True},
    "compromised_values_file": {"type": "path", "no_log": False},
    "probed_ids": {"type": "list", "elements": "str"},
    "withdraw_ids": {"type": "list", "elements": "str", "default": []},
    "handed_over_ids": {"type": "list", "elements": "str", "default": []},
    "verify_values": {"type": "bool", "default": False},
}

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **POLICY_SPEC,
        **ORDERS_SPEC,
        "slots": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": SLOT_SPEC,
            "mutually_exclusive": [("iam_id", "service_id")],
        },
        **GIT,
        "project_folder_lasts": {"type": "bool", "default": False},
        "vault_id": {"type": "str"},
        "report": {"type": "str", "choices": list(REPORTS), "default": "changes"},
        "hand_on": {
            "type": "dict",
            "options": {"name": {"type": "str", "required": True}, "earlier": {"type": "dict"}},
        },
        "history": {
            "type": "dict",
            "options": {
                "file": {"type": "path", "required": True},
                "keep_days": {"type": "float", "default": 730},
                "by": {"type": "str"},
                "job": {"type": "str"},
            },
        },
        **METRICS,
        **CONCURRENCY,
        "batch_size": {"type": "int", "default": 50},
        "stop_after_failures": {"type": "int"},
        "plan_days": {"type": "int", "default": 30},
    },
}
