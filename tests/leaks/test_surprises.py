# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An exception that nobody foresaw, and whose text is a secret, shows nothing of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.broken_iam import BrokenIam
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.plants import Plant, break_collection
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import (
    AWX,
    AWX_MODULE,
    AWX_QUIET,
    AWX_QUIET_MODULE,
    PLAYS,
    TERMINAL,
    Manner,
    Stage,
)

IAM_TASKS = [
    *("caller", "service_id", "create", "reveal", "bulk", "robots", "audited", "examined", "leaked", "imported"),
    "token",
]


@dataclass(frozen=True)
class Surprise:
    """What is broken, and which tasks of surprises.yml fail by it; those of `in_process` are not tried as modules."""

    plant: Plant
    broken: tuple[str, ...]
    in_process: tuple[str, ...] = ()
    says: str = "RuntimeError"


LOG_IN = Surprise(
    Plant(
        "module_utils/_iam/tokens.py",
        """
def log_in(transport, key_value, clock):
    raise RuntimeError(f"cannot log in with {key_value}") from ValueError(key_value)
""",
    ),
    (*IAM_TASKS, "rotate", "role"),
    ("keys",),
)
CREATE = Surprise(
    Plant(
        "module_utils/_iam/api_keys.py",
        """
def _broken(self, new):
    raise RuntimeError(f"cannot send {new} with {new.key_value}", {"apikey": new.key_value})


ApiKeys.create = _broken
""",
    ),
    ("create", "reveal", "bulk", "rotate", "role"),
)
# The key is made, and the way of its value out of the module breaks.
RESULT = Surprise(
    Plant(
        "module_utils/_outcome.py",
        """
_sound = outcome


def outcome(work, params, check_mode):
    result = _sound(work, params, check_mode)
    if "key_value" in result:
        raise RuntimeError(f"cannot return {result}")
    return result
""",
    ),
    ("reveal",),
)
COMMIT = Surprise(
    Plant(
        "plugin_utils/_vault_file/vault_file.py",
        """
def _broken(self, *args, **options):
    raise RuntimeError(f"cannot write {args} {[vars(edit) for edit in args[-1]]}")


VaultFile.apply = VaultFile.commit = _broken
""",
    ),
    ("store", "imported", "rotate", "role"),
)
OPEN = Surprise(
    Plant(
        "plugin_utils/_vault_file/cipher.py",
        """
_sound = Cipher.open


def _broken(self, vaulttext):
    raise RuntimeError(f"cannot open {_sound(self, vaulttext).plaintext}") from ValueError(
        _sound(self, vaulttext).plaintext
    )


Cipher.open = _broken
""",
    ),
    ("read", "look_up"),
)
HISTORY = Surprise(
    Plant(
        "plugin_utils/_rotation/history_file.py",
        """
def read_history(content, name):
    raise RuntimeError(f"cannot read {content}") from ValueError(content)
""",
    ),
    ("told",),
)
TIME_OUT = Surprise(
    Plant("module_utils/_iam/retry.py", "\nREAD_TIMEOUT_SECONDS, RETRY_BUDGET_SECONDS = 0.2, 0.0\n"),
    (*IAM_TASKS, "rotate", "role"),
    ("keys",),
    says="no answer from",
)
SURPRISES: list[tuple[str, Surprise, Manner]] = [
    ("log-in", LOG_IN, TERMINAL),
    ("log-in", LOG_IN, AWX_MODULE),
    ("create", CREATE, AWX),
    ("create", CREATE, AWX_QUIET_MODULE),
    ("a result with a value", RESULT, AWX_MODULE),
    ("write of a vault file", COMMIT, AWX),
    ("read of a vault file", OPEN, AWX_QUIET),
    ("read of a history", HISTORY, AWX),
    ("time-out", TIME_OUT, AWX),
]


@pytest.mark.daily_slice
@pytest.mark.parametrize(
    ("surprise", "manner"), [row[1:] for row in SURPRISES], ids=[f"{row[0]}, {row[2]}" for row in SURPRISES]
)
def test_an_exception_that_nobody_foresaw(
    stage: Stage, broken_iam: BrokenIam, surprise: Surprise, manner: Manner
) -> None:
    surroundings = break_collection(stage.root, surprise.plant)
    if surprise is TIME_OUT:
        surroundings["IBMCLOUD_IAM_API_ENDPOINT"] = broken_iam.silent
    broken: list[t.Any] = [*surprise.broken, *(surprise.in_process if manner.in_process else ())]
    play = stage.hand_out_canaries(str(PLAYS / "surprises.yml"))

    told = stage.play(manner, play, environ=surroundings, broken=broken, says=surprise.says)

    assert "failed=0" in told, told
    if (stage.named / "kept.json").exists():
        stage.learn_key_file("kept.json")
    if stage.workplace.vault_file.exists():
        stage.learn_values()
    assert stage.leaks() == []
