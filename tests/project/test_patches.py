# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests hand in what they replace; the few that patch stand in the table, with what they patch and why."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PATCH = re.compile(r"\bmonkeypatch\.setattr\(|\b(?:unittest|from|import) mock\b|\bmock\.patch\b")

# Ansible makes these objects itself, and hands a plugin no other.
BY_ANSIBLE = "the vault secrets of the run, and the options of a lookup, come from ansible-core"
DEFECT = "a defect that must not happen is planted where no port is"
DISK = "the calls of the system that a full or busy disk refuses"
PATCHED = {
    "unit/plugins/action/test_ansible_vault_vars.py": f"{BY_ANSIBLE}; {DEFECT}",
    "unit/plugins/action/test_ansible_vault_vars_expect.py": f"{BY_ANSIBLE}; {DEFECT}",
    "unit/plugins/action/test_ansible_vault_vars_info.py": f"{BY_ANSIBLE}; {DEFECT}",
    "unit/plugins/action/test_ansible_vault_vars_places.py": f"{BY_ANSIBLE}; {DEFECT}",
    "unit/plugins/action/test_in_process.py": "the operating system, and a controller without requests",
    "unit/plugins/action/test_refused.py": "what ansible-core raises on its way to a host",
    "unit/plugins/action/test_ansible_vault_rekey.py": f"{BY_ANSIBLE}; {DEFECT}",
    "unit/plugins/module_utils/declared/test_key_file.py": DISK,
    "hand_over/test_hosts.py": "the check of another test: here the file may hold the value",
    "unit/plugins/module_utils/iam/test_gate.py": "hundredths of a second instead of twenty",
    "unit/plugins/module_utils/leaks/test_whose.py": f"{DEFECT}; a log-in that is refused for its address",
    "unit/plugins/module_utils/test_attributes.py": f"{DISK}, and who the user is",
    "unit/plugins/module_utils/test_private_file.py": DISK,
    "unit/plugins/module_utils/test_secrets.py": "looks into a text are counted",
    "unit/plugins/plugin_utils/import_keys/test_refused.py": DISK,
    "unit/plugins/plugin_utils/leaks/test_refused.py": f"{DISK}; {DEFECT}; a log-in that is refused for its address",
    "unit/plugins/plugin_utils/leaks/test_record.py": "the temp folder of the system, and fewer tries",
    "unit/plugins/module_utils/iam/test_deadline.py": "real seconds instead of a minute, and the addresses of a host",
    "unit/plugins/module_utils/iam/test_trusted_files.py": "a volume that is mounted read-only",
    "unit/plugins/module_utils/test_module.py": "AnsibleModule, which ends the process, and what Ansible hands to it",
    "unit/plugins/module_utils/tasks/test_iam_api_key_bulk.py": DEFECT,
    "unit/plugins/module_utils/tasks/test_iam_api_key_values.py": DISK,
    "unit/plugins/plugin_utils/rekey/test_content.py": f"{DEFECT}; derived keys are counted",
    "unit/plugins/plugin_utils/rekey/test_refused.py": DEFECT,
    "unit/plugins/plugin_utils/rekey/test_run.py": f"{DEFECT}; the number of cores; seconds between two lines",
    "unit/plugins/plugin_utils/rotation/test_file_store.py": "a file system that tells no change; reads are counted",
    "unit/plugins/plugin_utils/rotation/test_first_writes.py": "a disk that takes no write; tries are counted",
    "unit/plugins/plugin_utils/rotation/test_git_store.py": "the temp folder of the system",
    "unit/plugins/plugin_utils/vault_file/test_attributes.py": "calls of the system that a file system refuses",
    "unit/plugins/plugin_utils/vault_file/test_cipher.py": BY_ANSIBLE,
    "unit/plugins/plugin_utils/vault_file/test_large_texts.py": "whether the collector rests while a text is read",
    "unit/plugins/plugin_utils/vault_file/test_found_files.py": "folders and files that may not be read, for root too",
    "unit/plugins/plugin_utils/vault_file/test_storage.py": f"{DISK}, and who the user is",
    "unit/plugins/plugin_utils/vault_file/test_storage_of_others.py": "somebody writes in the moment of a read",
    "unit/plugins/plugin_utils/test_vaulted.py": BY_ANSIBLE,
}


def test_what_is_patched_is_named_with_its_reason() -> None:
    files = {path.relative_to(TESTS).as_posix(): path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")}
    patching = {name for name, text in files.items() if PATCH.search(text) and name != "project/test_patches.py"}

    assert patching == set(PATCHED)
