#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: ansible_vault_vars
short_description: Set or remove variables in an Ansible Vault file
version_added: 1.0.0
description:
  - This is about Ansible Vault, the encryption that comes with Ansible, and not about HashiCorp Vault.
  - Sets or removes variables of a YAML file whose secrets are kept in Ansible Vault, and leaves every other byte of the
    file as it is, comments and order included.
  - Works with files in which single values are vaulted (C(!vault)), and with files that are encrypted as a whole.
    A file keeps the form that it has.
  - Values are compared after they were decrypted. A value that is there already is not encrypted anew, and a file
    in which nothing changes is not written.
  - The new text is proven before it is written. It is parsed again, everything beside the targets must be what it was,
    and every target must decrypt to what was wanted. Otherwise the task fails and the file stays as it is.
  - The file is replaced in one step, so that a killed run leaves either the old file or the new one.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
    details:
      - Everything is done but the write. It fails where the real run would, for instance when a vault secret
        is missing or the folder may not be written.
  diff_mode:
    support: full
    details:
      - Shows the names of the variables, never a value.
  idempotent:
    support: full
options:
  path:
    description:
      - The variables file. A relative path starts at the folder of the playbook, or for C(ansible -m) at
        C(--playbook-dir), which is the working folder by default. With a playbook inside an installed collection it
        starts where Ansible was started.
      - It is always a file on the controller, because the vault secrets are there. The host of the task and
        C(delegate_to) make no difference.
      - A symbolic link is followed and stays, unless another user made it or may replace it. A file with several hard
        links is refused.
    type: path
    required: true
  name:
    description:
      - Name of the variable.
      - "A list leads to an entry of a mapping or to an item of a list, V([ibm_api_keys, ci-deploy]). A text is a key.
        A number is a place in a list, counted from 0, or a key that is a number. A mapping picks the one item of a list
        that has these members, V([databases, {name: orders}, password]); when no item has them, or several do, the
        task fails. The same list as a JSON text means the same, for the command line."
      - Missing mappings on the way are created, missing lists and items are not. An item of a list is replaced, but
        not removed.
      - A name that holds a dot is one name, and refused for a new variable, as is any that Ansible does not accept.
        A key that is a number, a truth value or a date in YAML is named as that and not as a text, V([ports, 8443]).
      - Exactly one of O(name) and O(vars) is needed.
    type: raw
  value:
    description:
      - The new value, a string or a mapping. Required unless O(state=absent).
      - In a mapping, strings are vaulted except those under O(plaintext_keys). Numbers, booleans and nulls stay clear,
        because they would come back as text. A mapping replaces the old one as a whole, comments inside it are lost.
      - The result never contains it. Set C(no_log) on the task nevertheless, since some versions of ansible-core
        show the lines of a playbook, and with them a literal value, when a task fails.
    type: raw
  state:
    description:
      - V(present) sets the variable to O(value).
      - V(absent) removes it. A variable that is not there, and a file that is not there, is no error.
    type: str
    choices: [present, absent]
    default: present
  vars:
    description:
      - Several variables, set and removed in one write, instead of O(name) and O(value).
    type: list
    elements: dict
    suboptions:
      name:
        description: Like O(name).
        type: raw
        required: true
      value:
        description: Like O(value). Required unless O(vars[].state=absent).
        type: raw
      state:
        description: Like O(state), V(present) sets the variable and V(absent) removes it.
        type: str
        choices: [present, absent]
        default: present
  plaintext_keys:
    description:
      - Keys of mappings whose strings stay readable, such as ids and dates. A key counts at any depth,
        and for the strings of a list that stands directly under it.
      - In a file that is encrypted as a whole nothing is readable, and this option has no effect.
      - A string that Ansible might take for a template is marked with C(!unsafe), so what was set is what is read back.
    type: list
    elements: str
    default: []
  vault_id:
    description:
      - The vault id to encrypt with. It must be one of the ids that are loaded.
      - Without it, a value that is replaced keeps its id, and a file that is encrypted as a whole keeps the one it has.
        For a new value it is the setting C(vault_encrypt_identity), or else the only id that is loaded. With several
        ids and no choice the task fails.
      - Two different secrets that are loaded under the id are not chosen from, the task fails. An id with blanks,
        semicolons or letters beyond ASCII cannot be written.
      - A value that is encrypted under another id is encrypted anew when this is set. A file that is encrypted as a
        whole under another id is refused, use M(cloudkeys.ibmcloud.ansible_vault_rekey).
    type: str
  expect:
    description:
      - The RV(revision) of the file on which the decision to change it rests, as this module and
        M(cloudkeys.ibmcloud.ansible_vault_vars_info) return it, or V(missing) for a file that must not be there yet.
      - When the file is of another revision the task fails with RV(conflict), and nothing is written, even if
        the variables have the wanted values already. Any change of the file counts, another variable included.
      - Without it the file is changed as it is found, which is right when the new values do not depend on the old ones.
    type: str
  create:
    description:
      - Whether the file is created when it does not exist. Its folder must exist.
    type: bool
    default: false
  mode:
    description:
      - Permissions of a new file, as an octal number in quotes. An existing file keeps mode, owner and
        extended attributes.
    type: raw
    default: "0600"
  layout:
    description:
      - The form of a new or empty file. V(inline) vaults each string, V(file) encrypts the file as a whole,
        V(auto) means V(inline).
      - A file with content is never converted, so this does not matter there.
    type: str
    choices: [auto, inline, file]
    default: auto
  backup:
    description:
      - Whether the old file is kept under a name that ends in C(~), which Ansible does not load as variables.
      - A value that stood in clear in the old file is in the backup as well. The task warns about that.
    type: bool
    default: false
  lock_timeout_seconds:
    description:
      - How long to wait for another task that is changing a file in the same folder.
    type: float
    default: 30
notes:
  - The vault secrets are those of the running Ansible, from C(--vault-id), C(--ask-vault-pass), the configuration or
    the vault credentials of an AWX job. There is no password option.
  - To decide on what a file holds, ask M(cloudkeys.ibmcloud.ansible_vault_vars_info) for its revision first, then read
    values, then set with O(expect). What changes in between is noticed then.
  - A running playbook keeps the old value of a variable that it has loaded. Read the new one with the lookup
    P(cloudkeys.ibmcloud.ansible_vault_value#lookup).
  - In an AWX job the project folder is a copy that is thrown away after the job, so a file in it does not last.
  - "Refused, with the line but never the content: YAML with several documents or whose top level is no mapping,
    a name that is defined twice, an alias or an anchor in use on the way to the variable or inside it, names from
    a merge key, keys in the long form C(?), removing an item of a list, text that is not UTF-8, mixed line ends,
    and what Ansible itself could not load or would read otherwise."
  - A file that is JSON stays JSON, with vaulted strings in the form that Ansible reads there.
  - Two AWX jobs on different machines do not see each other's locks. Keep the file in Git there, whose refused push
    is the lock.
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_import
  - module: cloudkeys.ibmcloud.ansible_vault_rekey
  - module: cloudkeys.ibmcloud.ansible_vault_vars_info
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - plugin: cloudkeys.ibmcloud.ansible_vault_value
    plugin_type: lookup
  - name: Vault files
    description: What such a file may look like, and what is refused.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/vault-files.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Put a new API key into the variables of a group
  cloudkeys.ibmcloud.ansible_vault_vars:
    path: group_vars/prod/vault.yml
    name: ci_deploy_api_key
    value: "{{ created.key_value }}"
  no_log: true

- name: Keep the key together with its id, which stays readable
  cloudkeys.ibmcloud.ansible_vault_vars:
    path: group_vars/prod/vault.yml
    name: [ibm_api_keys, ci-deploy]
    value:
      id: "{{ created.api_key.id }}"
      key_value: "{{ created.key_value }}"
    plaintext_keys: [id]
    vault_id: prod
    create: true
  no_log: true

- name: Set the password of one entry of a list
  cloudkeys.ibmcloud.ansible_vault_vars:
    path: group_vars/prod/vault.yml
    name: [databases, {name: orders}, password]
    value: "{{ new_password }}"
  no_log: true

- name: Replace one variable and remove another in one write
  cloudkeys.ibmcloud.ansible_vault_vars:
    path: group_vars/prod/vault.yml
    vars:
      - name: ci_deploy_api_key
        value: "{{ created.key_value }}"
      - name: old_api_key
        state: absent
  no_log: true

- name: Read the revision on which the next tasks decide
  cloudkeys.ibmcloud.ansible_vault_vars_info:
    path: group_vars/prod/vault.yml
    try_decrypt: false
  register: seen

- name: Set the variable unless the file was changed since then
  cloudkeys.ibmcloud.ansible_vault_vars:
    path: group_vars/prod/vault.yml
    name: ci_deploy_api_key
    value: "{{ created.key_value }}"
    expect: "{{ seen.revision }}"
  register: written
  failed_when: written is failed and not written.conflict
  no_log: true

# In AWX: a credential of the type Vault holds the password of the id prod. The project folder goes away with the job,
# so the file is in a clone that the job made and pushes.
- name: Put the value into the clone
  cloudkeys.ibmcloud.ansible_vault_vars:
    path: "{{ clone.path }}/group_vars/prod/vault.yml"
    name: ci_deploy_api_key
    value: "{{ created.key_value }}"
    vault_id: prod
  no_log: true

# Ad hoc:
#   ansible localhost -m cloudkeys.ibmcloud.ansible_vault_vars --vault-id prod@prompt \
#     -a "path=vault.yml name=old_api_key state=absent"
#   ansible localhost -m cloudkeys.ibmcloud.ansible_vault_vars --vault-id prod@prompt \
#     -a "path=vault.yml state=absent name='[\"ibm_api_keys\", \"ci-deploy\"]'"
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /srv/ansible/group_vars/prod/vault.yml
layout:
  description: Whether single values are vaulted (V(inline)) or the file is encrypted as a whole (V(file)).
  returned: success
  type: str
  sample: inline
vault_id:
  description:
    - The vault id under which the value was encrypted, or is already.
    - V(default) when the cipher text names none. Null when nothing was encrypted or compared.
  returned: success
  type: str
  sample: prod
revision:
  description:
    - Names the bytes that the file consists of now, for O(expect) of a later task. In check mode they are those
      that were found. V(missing) when there is no file.
    - It is a checksum, the same in every copy of the file. Each encryption has a salt of its own, so the checksum
      tells nothing about a value that is encrypted.
  returned: success
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
conflict:
  description:
    - V(true) when the task failed because the file is not the one that was read before, whether O(expect) says so or
      somebody changed it during the task. Nothing was written then, and reading again and deciding anew is safe.
    - V(false) otherwise, after other failures too.
  returned: always
  type: bool
  sample: false
backup_file:
  description: The backup. Null when none was made.
  returned: success
  type: str
  sample: /srv/ansible/group_vars/prod/vault.yml.4711.2026-01-31@08:00:00.1f2e~
"""
