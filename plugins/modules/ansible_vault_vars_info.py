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
  - Lists every vaulted place of many files too, below folders and patterns, with the id of the secret that opens it.
    So it takes one task to see what is still under an old password.
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
      - A folder, or a pattern such as V(group_vars/**), stands for all files below it that hold cipher text, and the
        result is that of O(paths).
      - Exactly one of O(path) and O(paths) is needed.
    type: path
  paths:
    description:
      - Files, folders and patterns on the controller. V(**) reaches any number of folders. Hidden files and folders,
        and files that end in V(~), are only looked at when they are named themselves. Links to folders are followed.
      - Which files are looked into, and what is warned about, is as in
        O(cloudkeys.ibmcloud.ansible_vault_rekey#module:paths).
      - A file is told of in RV(files) and RV(places) when it holds cipher text, or when it is named itself. One that
        cannot be read as YAML is told of, and keeps no other from being listed.
      - Without it, O(path) is listed.
    type: list
    elements: path
  exclude:
    description:
      - Patterns of files to leave out, compared with the whole path and with the name; of a file behind
        a link, those of its target too. V(*) stands for any text here.
      - One that no file matches is refused, because it has a slip of the pen, or the form of a relative path. It is
        V(*/archive/*) and not V(archive/*).
    type: list
    elements: str
    default: []
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
  - Fails when the file of O(path) is not valid YAML.
seealso:
  - module: cloudkeys.ibmcloud.ansible_vault_rekey
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

# Run it with both: --vault-id old@old-password-file --vault-id prod@new-password-file
- name: Find what is still under the old vault password
  cloudkeys.ibmcloud.ansible_vault_vars_info:
    paths: [group_vars/**, host_vars/**, roles/**/vars]
  register: everywhere

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.file }}, line {{ item.line }}: {{ item.name | join(' / ') }}"
  loop: "{{ everywhere.places | selectattr('opened_by', 'equalto', 'old') }}"
  loop_control:
    label: "{{ item.file }}"

# Ad hoc:
#   ansible localhost -m cloudkeys.ibmcloud.ansible_vault_vars_info --vault-id prod@prompt -a path=vault.yml
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: when O(path) is one file
  type: str
  sample: /srv/ansible/group_vars/prod/vault.yml
exists:
  description: Whether there is such a file.
  returned: when O(path) is one file
  type: bool
  sample: true
layout:
  description: Whether single values are vaulted (V(inline)) or the file is encrypted as a whole (V(file)).
    Null when there is no file.
  returned: when O(path) is one file
  type: str
  sample: inline
revision:
  description:
    - Names the bytes that the file consists of, for O(cloudkeys.ibmcloud.ansible_vault_vars#module:expect).
    - V(missing) when there is no file.
  returned: when O(path) is one file
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
    - Each variable, and in place of a mapping each of its entries, in the order of the file. The same for a list in
      which something is vaulted; any other list is one variable.
    - Empty when the file is encrypted as a whole and cannot be decrypted.
  returned: when O(path) is one file
  type: list
  elements: dict
  contains:
    name:
      description: The names that lead to it, as O(cloudkeys.ibmcloud.ansible_vault_vars#module:name) takes them.
        A key that no list can name is V(?), and one that is a date is a text.
      returned: always
      type: list
      elements: raw
      sample: [ibm_api_keys, ci-deploy]
    document:
      description: The YAML document of the file that it is in, counted from 1.
      returned: always
      type: int
      sample: 1
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
places:
  description:
    - Every place that is vaulted by itself, in all files. A file that is encrypted as a whole is one with an empty
      name, before those in it.
    - What an alias repeats is listed where it stands.
  returned: success
  type: list
  elements: dict
  contains:
    file:
      description: The file, as an absolute path.
      returned: always
      type: str
      sample: /srv/ansible/group_vars/prod/vault.yml
    document:
      description: The YAML document of the file that it is in, counted from 1.
      returned: always
      type: int
      sample: 1
    name:
      description: See RV(vars[].name).
      returned: always
      type: list
      elements: raw
      sample: [databases, 0, password]
    line:
      description: See RV(vars[].line). For a vaulted value it is the line where that begins.
      returned: always
      type: int
      sample: 12
    vault_id:
      description: The label, V(default) for cipher text that names none.
      returned: always
      type: str
      sample: prod
    opened_by:
      description: The id under which the secret was loaded that opens it. Null when none does, or nobody tried.
      returned: always
      type: str
      sample: old
    secret_number:
      description: The number of that secret in the order in which they were loaded, which tells two of one id apart.
      returned: always
      type: int
      sample: 1
    decryptable:
      description: Whether this run could decrypt it. Null when it was not tried.
      returned: always
      type: bool
      sample: true
files:
  description: The files that were found.
  returned: when O(path) is no single file, or O(paths) is given
  type: list
  elements: dict
  contains:
    path:
      description: The file, as an absolute path.
      returned: always
      type: str
      sample: /srv/ansible/group_vars/prod/vault.yml
    layout:
      description: See RV(layout).
      returned: when the file could be read
      type: str
      sample: inline
    revision:
      description: See RV(revision).
      returned: when the file could be read
      type: str
      sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    vault_ids:
      description: The labels that occur in the file.
      returned: always
      type: list
      elements: str
      sample: [prod]
    decryptable:
      description:
        - Whether this run could decrypt everything in it. Null when it was not tried.
        - Of a file that is encrypted as a whole and holds no variables, such as a private key, it says whether the file
          can be decrypted.
      returned: always
      type: bool
      sample: true
    problem:
      description: Why the file could not be read as variables. Null when it could.
      returned: always
      type: str
      sample: "/srv/ansible/group_vars/prod/vault.yml: the text is not valid YAML (line 7)"
"""
