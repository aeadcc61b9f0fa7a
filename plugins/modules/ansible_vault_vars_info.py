#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: ansible_vault_vars_info
short_description: List the variables of an Ansible Vault file, without values
version_added: 1.0.0
description:
  - This is about Ansible Vault, the encryption that comes with Ansible, and not about HashiCorp Vault.
  - Lists the variables of a YAML file whose secrets are kept in Ansible Vault, with the vault ids they are encrypted
    under, and tells whether this run could decrypt them.
  - Never returns a value or cipher text, whether the value is encrypted or stands in clear.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.attributes.info
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  async:
    details: The task fails.
options:
  path:
    description:
      - The variables file. A relative path starts at the folder of the playbook, or for C(ansible -m) at
        C(--playbook-dir), which is the working folder by default. With a playbook inside an installed collection it
        starts where Ansible was started.
      - It is always a file on the controller, because the vault secrets are there. A file that does not exist is
        no error.
    type: path
    required: true
  try_decrypt:
    description:
      - Whether to decrypt each value to see if that works. It takes a few seconds for a thousand values.
      - With V(false) only the labels are read, which is enough for RV(revision). The names in a file that is encrypted
        as a whole are inside, so such a file is decrypted in any case.
    type: bool
    default: true
notes:
  - The vault secrets are those of the running Ansible, from C(--vault-id), C(--ask-vault-pass), the configuration or
    the vault credentials of an AWX job. No secret is needed to list a file with values of the form C(!vault).
  - A label says under which id a value was encrypted, not that the secret of this id fits. RV(vars[].decryptable)
    says whether any loaded secret does.
  - Fails when the file is not valid YAML, holds several documents, or its top level is no mapping.
seealso:
  - module: cloudkeys.ibmcloud.ansible_vault_vars
  - plugin: cloudkeys.ibmcloud.ansible_vault_value
    plugin_type: lookup
  - name: Vault files
    description: What such a file may look like, and what is refused.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/vault-files.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: List a vault file
  cloudkeys.ibmcloud.ansible_vault_vars_info:
    path: group_vars/prod/vault.yml
  register: listed

- name: Fail when a value could not be decrypted in this job
  ansible.builtin.assert:
    that: listed.decryptable
    fail_msg: "{{ listed.vars | rejectattr('decryptable') | map(attribute='name') }}"

- name: Show what stands in clear
  ansible.builtin.debug:
    msg: "{{ listed.vars | rejectattr('vault_ids') | map(attribute='name') | map('join', ' / ') }}"

# In AWX: a credential of the type Vault holds the password; a job without it sees what it cannot decrypt.
- name: See whether the vault credentials of this job fit the file of the project
  cloudkeys.ibmcloud.ansible_vault_vars_info:
    path: "{{ playbook_dir }}/group_vars/prod/vault.yml"
  register: of_the_project
  failed_when: not of_the_project.decryptable

# Ad hoc:
#   ansible localhost -m cloudkeys.ibmcloud.ansible_vault_vars_info --vault-id prod@prompt -a path=vault.yml
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /srv/ansible/group_vars/prod/vault.yml
exists:
  description: Whether there is such a file.
  returned: success
  type: bool
  sample: true
layout:
  description: Whether single values are vaulted (V(inline)) or the file is encrypted as a whole (V(file)).
    Null when there is no file.
  returned: success
  type: str
  sample: inline
revision:
  description:
    - Names the bytes that the file consists of, for O(cloudkeys.ibmcloud.ansible_vault_vars#module:expect).
    - V(missing) when there is no file.
  returned: success
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
vault_ids:
  description: The labels that occur in the file, V(default) for cipher text that names none.
  returned: success
  type: list
  elements: str
  sample: [prod]
decryptable:
  description: Whether this run could decrypt everything. Null when it was not tried.
  returned: success
  type: bool
  sample: true
vars:
  description:
    - Each variable, and in place of a mapping each of its entries, in the order of the file.
    - Empty when the file is encrypted as a whole and cannot be decrypted.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The names that lead to it, as O(cloudkeys.ibmcloud.ansible_vault_vars#module:name) takes them.
        A list is one variable.
      returned: always
      type: list
      elements: str
      sample: [ibm_api_keys, ci-deploy]
    line:
      description: Where it begins, in the decrypted text if the file is encrypted as a whole.
      returned: always
      type: int
      sample: 12
    vault_ids:
      description: The labels of what is encrypted in it. Empty when it stands in clear.
      returned: always
      type: list
      elements: str
      sample: [prod]
    decryptable:
      description: Whether this run could decrypt all of it, V(true) as well if nothing of it is encrypted.
        Null when it was not tried.
      returned: always
      type: bool
      sample: true
"""
