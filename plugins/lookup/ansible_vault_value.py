# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: ansible_vault_value
short_description: Read one value of a vault file at the moment of use
version_added: 1.0.0
description:
  - Reads a variables file on the controller, decrypts one value and returns it.
  - Ansible loads group and host variables once, so after a task has written a new value into such a file,
    the variable still has the old one until the run ends. This lookup returns what the file says now.
  - Only the value that is asked for is decrypted. Other values of the file may belong to vault ids that are not loaded.
  - The vault secrets are those of the running Ansible, such as C(--vault-id) or the vault credentials of AWX.
options:
  _terms:
    description:
      - Name of a variable at the top level of the file.
      - A list leads to an entry of a mapping or an item of a list, as in
        O(cloudkeys.ibmcloud.ansible_vault_vars#module:name).
    type: list
    elements: raw
    required: true
  file:
    description:
      - The variables file, with values of the form C(!vault), or encrypted as a whole.
      - A relative path starts at the folder of the playbook. In an ad-hoc call, and with a playbook inside an installed
        collection, it starts where Ansible was started.
    type: str
    required: true
notes:
  - Set C(no_log) on a task that uses the value in an option which Ansible would show.
  - There is no default for a value that is missing. The lookup fails and names it.
seealso:
  - module: cloudkeys.ibmcloud.ansible_vault_vars
  - module: cloudkeys.ibmcloud.ansible_vault_vars_info
  - name: Vault files
    description: What such a file may look like, and what is refused.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/vault-files.md
  - name: Security model
    description: What is protected where, and what Ansible itself shows.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/security-model.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Log in with the key that was just rotated
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', 'ci_deploy_api_key', file='vault.yml') }}"

- name: Use an entry of a mapping
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', ['ibm_api_keys', 'ci-deploy'], file='vault.yml') }}"

- name: Use the key of one entry of a list
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', way, file='vault.yml') }}"
  vars:
    way: [clusters, {name: prod}, api_key]

# In AWX: a credential of the type Vault holds the password. The slot is given to the probe tasks of the rotation.
- name: Probe a new key before it is published
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', slot.value_path, file=slot.file) }}"
  vars:
    slot: "{{ rotate_api_keys_slot }}"

# Ad hoc; it shows whether the value logs in, not the value:
# ansible localhost -m cloudkeys.ibmcloud.iam_caller_info --vault-id prod@prompt \
#   -a "api_key={{ lookup('cloudkeys.ibmcloud.ansible_vault_value', 'deploy_api_key', file='secrets.yml') }}"
"""

RETURN = r"""
_raw:
  description: The decrypted strings, in the order of the terms.
  returned: success
  type: list
  elements: str
  sample: [not-a-real-value-just-its-form-44-characters]
"""

import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._careful_lookup import CarefulLookup
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._paths import absolute_path, folder_of_relative_paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    Path,
    meant_by,
    parse_path,
    shown_path,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Cipher, VaultFile


class LookupModule(CarefulLookup):
    options = ("file",)

    def read(self, ansible: t.Any, terms: list[t.Any]) -> list[str]:
        # As Ansible itself opens up an option of the type `path`.
        given = os.path.expandvars(os.path.expanduser(str(ansible.get_option("file"))))
        path = absolute_path(given, folder_of_relative_paths(ansible._loader, os.getcwd()))
        file = VaultFile(path, Cipher.of_this_run(ansible._loader))
        snapshot = file.read()
        if not snapshot.exists:
            raise VaultFileError(f"{path} does not exist")
        ways = [parse_path(term, "a term") for term in terms]
        return [_text(path, way, file.value(snapshot, way)) for way in ways]


def _text(path: str, way: Path, value: object) -> str:
    shown = shown_path(way)
    if value is None:
        meant = meant_by(way[0])
        hint = f"; if an entry of a mapping is meant, give the list {list(meant)}" if meant else ""
        raise VaultFileError(f"{path} has no value for {shown}{hint}")
    if not isinstance(value, str):
        raise VaultFileError(f"{path}: the value of {shown} is not a string")
    protect(value)
    return value
