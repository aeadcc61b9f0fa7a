#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_api_key_import
short_description: Put IBM Cloud API keys whose values you have into a vault file, and declare slots for them
version_added: 1.0.0
description:
  - Takes values as they lie about, in variables, files and vault files, and finds the key of each by its value. It says
    whose the key is, and whether it is locked, disabled or expired, and when it was last used.
  - Writes the values into a vault file, each vaulted, and slots that M(cloudkeys.ibmcloud.iam_api_key_rotation) takes,
    with C(on_missing_record=adopt), so the first rotation takes the keys over as they are. No key is changed or logged
    in with, unless these credentials do not see it.
  - No variable that is there is overwritten. One with this value counts as imported, one with another value is refused
    by its name.
  - What cannot be imported is named by the file and the line, or by the variable, never by what stands there, with
    the reason. The rest is imported, and then the task fails.
  - The playbook C(cloudkeys.ibmcloud.import_keys) is this task with its report.
  - Always runs on the controller, in Ansible's own process.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.connection
  - cloudkeys.ibmcloud.concurrency
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.login
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Of the vault file it shows the names of variables, of O(slots_file) the text, which holds no secret.
  idempotent:
    support: full
options:
  values:
    description:
      - A text, a list of texts, or a mapping of the names of variables to texts. Put it into a vaulted variable.
      - A text may have more around the value, such as C(NAME=value), quotes, or the JSON that the CLI prints.
      - The names of a mapping become the names of the variables and slots. All others are made from the names that
        the owner and the key have in IBM Cloud, of small letters, digits and C(_), and end in C(_api_key).
      - Without it, only what O(files) and O(vaulted) name.
    type: raw
  files:
    description:
      - Files with values in clear, and folders of such files, whatever these are called. A folder must hold no other
        folder.
      - Lines of the form C(NAME=value), the JSON of a downloaded key or of the CLI, one value alone, or what you
        have. Values are found by their looks, so a secret that looks like one is sent to IBM Cloud too, which looks it
        up.
      - A file that others may write is refused.
    type: list
    elements: path
    default: []
  vaulted:
    description:
      - Values that are in vault files already. They stay where they are, and their slots lead there.
    type: list
    elements: dict
    default: []
    suboptions:
      file:
        description: The vault file.
        type: path
        required: true
      variables:
        description:
          - The variables, each a name or the path of an entry, such as V([ibm, api_key]), as
            M(cloudkeys.ibmcloud.ansible_vault_vars) takes it. Nothing else in the file is looked at.
        type: list
        elements: raw
        required: true
  file:
    description:
      - The vault file to put the values into, which is made when it is not there. The path stands in the slots as you
        write it.
      - Without it, only values that stay in a vault file can be imported.
    type: path
  slots_file:
    description:
      - The file for the slots, with the variable C(rotate_api_keys_slots). It is made, or the new slots are put at its
        end; what stands there stays, and counts as O(slots). A template in the place of such a slot is refused, because
        nobody fills it in.
      - Without it, the slots are in RV(slots) and RV(slots_yaml) only.
    type: path
  slots:
    description:
      - Slots that are declared already, as M(cloudkeys.ibmcloud.iam_api_key_rotation) takes them. Their keys get no
        other slot.
    type: list
    elements: dict
    default: []
  vault_files:
    description:
      - More vault files with records of rotations, whose keys get no other slot.
    type: list
    elements: path
    default: []
  vault_id:
    description:
      - The vault id to encrypt with. Without it, the only one that is loaded, or the one that the configuration names.
    type: str
  lock_timeout_seconds:
    description: How long to wait for another task that is changing a file in the same folder.
    type: float
    default: 30
notes:
  - The key that the task logs in with gets no slot. It is told, with what to do about it.
  - A key that is given twice is one slot. Two keys of one name get a slot each; the second gets another name in IBM
    Cloud too when it is taken over, because two slots never share one.
  - A key that the rotation of another slot looks after, one of another account, and one that nobody can log in with
    are refused.
  - The plain files stay. Destroy them when the first rotation has taken the keys over, and replace the keys if others
    could read them.
seealso:
  - module: cloudkeys.ibmcloud.iam_api_key_rotation
  - module: cloudkeys.ibmcloud.iam_api_key_info
  - module: cloudkeys.ibmcloud.ansible_vault_vars
  - name: Import the keys you have
    description: From twenty keys in the console to the first nightly run in ten minutes.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/import.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
- name: Import the keys of a folder
  cloudkeys.ibmcloud.iam_api_key_import:
    files: [keys]
    file: group_vars/all/secrets.yml
    slots_file: slots.yml

- name: Import a vaulted mapping under its own names
  cloudkeys.ibmcloud.iam_api_key_import:
    values: "{{ my_old_keys }}"
    file: group_vars/all/secrets.yml
    vault_id: prod
    slots_file: slots.yml
    slots: "{{ rotate_api_keys_slots | default([]) }}"
    vault_files: [group_vars/prod/secrets.yml]

- name: Declare slots for values that stay where they are
  cloudkeys.ibmcloud.iam_api_key_import:
    vaulted:
      - file: group_vars/prod/vault.yml
        variables: [ci_api_key, [ibm, api_key]]
    lock_timeout_seconds: 60
    concurrency: 4
  register: imported

- name: Show the slots
  ansible.builtin.debug:
    msg: "{{ imported.slots_yaml }}"

# In AWX: the project folder goes away with the job, so import on a machine of yours and commit the two files; there
# a task of a job only says what is left.
- name: See which keys have no slot yet
  cloudkeys.ibmcloud.iam_api_key_import:
    values: "{{ old_keys_of_the_credential }}"
    slots: "{{ rotate_api_keys_slots }}"
  check_mode: true

# Ad hoc:
# ansible localhost -m cloudkeys.ibmcloud.iam_api_key_import --vault-id prod@prompt \
#   -a "files=keys file=secrets.yml slots_file=slots.yml"
"""

RETURN = r"""
api_keys:
  description: What became of each value, in the order in which they were given.
  returned: when the keys could be looked up
  type: list
  elements: dict
  contains:
    place:
      description: Where the value was given.
      returned: always
      type: str
      sample: line 3 of /home/ada/keys.env
    outcome:
      description:
        - V(imported); V(unchanged) when the value is in the vault file already; V(declared) when a slot has the key;
          V(login) for the key that the task logs in with; V(same) for a key that was given before; V(refused).
      returned: always
      type: str
      sample: imported
    why:
      description: The reason, for those that were not imported.
      returned: always
      type: str
      sample: ""
    variable:
      description: The variable that holds the value.
      returned: always
      type: str
      sample: ci_deploy_api_key
    slot:
      description: The name of the slot.
      returned: always
      type: str
      sample: ci_deploy_api_key
    id:
      description: The id of the key, as far as it is known.
      returned: always
      type: str
      sample: ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    name:
      description: The name of the key in IBM Cloud.
      returned: always
      type: str
      sample: deploy
    iam_id:
      description: Its owner.
      returned: always
      type: str
      sample: iam-ServiceId-6f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
    owner:
      description: The owner by name, as far as the caller may read it.
      returned: always
      type: dict
      sample: {type: serviceid, name: ci, email: null}
    account_id:
      description: Its account.
      returned: always
      type: str
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    locked:
      description: Whether it is locked.
      returned: always
      type: bool
      sample: false
    disabled:
      description: Whether it is disabled.
      returned: always
      type: bool
      sample: false
    expires_at:
      description: When it expires, if it does.
      returned: always
      type: str
      sample: 2027-06-01T00:00+0000
    last_used_at:
      description: When somebody logged in with it last, if anybody did.
      returned: always
      type: str
      sample: 2026-11-28T03:15+0000
slots:
  description: A slot for each key that is imported, and for those that are in the vault file already.
  returned: when the keys could be looked up
  type: list
  elements: dict
  sample:
    - name: ci_deploy_api_key
      file: group_vars/all/secrets.yml
      service_id: ServiceId-6f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b
      key_name: deploy
      policy: {on_missing_record: adopt}
slots_yaml:
  description: The same as a file of variables. A name that Ansible would take for a template is marked as none.
  returned: when the keys could be looked up
  type: str
  sample: "rotate_api_keys_slots:\n  - name: ci_deploy_api_key\n"
refused:
  description: What was not imported, each with its place and the reason.
  returned: when the keys could be looked up
  type: list
  elements: str
  sample: ["line 4 of /home/ada/keys.env: no API key has this value, so it was cut or mistyped, or the key is deleted"]
nothing_in:
  description: The lines with text in which no value was found.
  returned: when the keys could be looked up
  type: list
  elements: str
  sample: [line 1 of /home/ada/keys.env]
report:
  description: A total, and a line for each value.
  returned: when the keys could be looked up
  type: list
  elements: str
  sample: ["20 values: 19 imported, 1 of the log-in"]
file:
  description: The vault file with the values, as an absolute path; none when nothing was to go there.
  returned: when the keys could be looked up
  type: str
  sample: /srv/playbooks/group_vars/all/secrets.yml
slots_file:
  description: The file with the slots, as an absolute path.
  returned: when the keys could be looked up
  type: str
  sample: /srv/playbooks/slots.yml
account_id:
  description: The account.
  returned: when the keys could be looked up
  type: str
  sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
conflict:
  description: Whether it failed because somebody else changed a file meanwhile; run again then.
  returned: always
  type: bool
  sample: false
"""
