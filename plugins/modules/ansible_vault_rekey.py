#!/usr/bin/python
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: ansible_vault_rekey
short_description: Move values from one Ansible Vault password to another, inline values too
version_added: 1.0.0
description:
  - This is about Ansible Vault, the encryption that comes with Ansible, and not about HashiCorp Vault.
  - Encrypts values anew under another vault secret, in single files, below folders and in patterns such as
    V(group_vars/**). C(ansible-vault rekey) does that for files that are encrypted as a whole; this does it for
    values of the form C(!vault) too, wherever they stand, in lists, several documents, inventories and JSON as well.
  - Every other byte of a file stays as it is.
  - What counts is the secret that opens a value, and not the vault id in its header, which is a hint only. So the old
    and the new secret may write the same id.
  - All files are read and encrypted anew before the first one is written, and nothing is written when anything stands
    in the way. Before a file is written, every moved value in it is opened with the new secret alone and compared.
  - Each file is replaced in one step if it is still the one that was read, so that a run may be killed at any moment.
    Run it again then. What is done already is left alone, and the last run says that nothing changed.
  - With O(git) the files are those of a branch, and the whole move is one commit and one push.
  - No value is ever on disk in clear.
extends_documentation_fragment:
  - cloudkeys.ibmcloud.attributes
  - cloudkeys.ibmcloud.attributes.controller
attributes:
  check_mode:
    support: full
    details:
      - Everything is done but the writes and the push. It fails where the real run would, except that only the server
        of a repository knows what it refuses.
  diff_mode:
    support: full
    details:
      - Shows the names of files and variables with their vault ids, never a value or cipher text.
  idempotent:
    support: full
options:
  paths:
    description:
      - Files, folders and patterns on the controller. V(**) reaches any number of folders. A relative path starts at
        the folder of the playbook, or for C(ansible -m) at C(--playbook-dir), which is the working folder by default.
        With a playbook inside an installed collection it starts where Ansible was started.
      - Below folders and patterns it takes every file that is encrypted as a whole, whatever its name is, and the files
        that end in C(.yml), C(.yaml), C(.json) or have no ending and hold cipher text. In folders called C(host_vars)
        and C(group_vars) it takes files of any name with vaulted values, such as C(web1.example.com). The task warns
        about vaulted values in files of other names, hidden ones included, and when there is no file with cipher text
        at all. Hidden files and folders, and files that end in C(~), are only done when they are named themselves.
      - Links to folders are followed, each folder is entered once.
      - A file that is there under several names is done once. A symbolic link is followed and stays. A file with
        several hard links is refused, and so is one that is reached by a link alone and is in none of these folders.
      - With O(git) these are paths in the repository, V(.) for all of it. Links and submodules are not followed. One
        that is named itself is refused; the task warns about one below a folder if it may lead to vaulted values.
    type: list
    elements: path
    required: true
  from:
    description:
      - Vault ids whose secrets are the old ones. A value that another loaded secret opens stays as it is.
      - Without it, every loaded secret but the new one is an old one, so that everything in these files ends under
        the new one.
    type: list
    elements: str
  to:
    description:
      - The vault id under which the new secret is loaded. It may have one secret only; when the new secret is to bear
        the id of the old one, load the old one as another id, C(--vault-id old@FILE), or the new one, and say O(label).
    type: str
    required: true
  label:
    description:
      - The vault id to write into the headers, V(default) for headers that name none.
      - A value that the new secret opens already is written anew when its header says another id.
      - Without it, the id in O(to).
    type: str
  exclude:
    description:
      - Patterns of files to leave out, compared with the whole path and with the name; of a file behind
        a link, those of its target too. V(*) stands for any text here.
      - One that no file matches is refused, because it has a slip of the pen, or the form of a relative path. It is
        V(*/archive/*) and not V(archive/*).
      - With O(git) the whole path is that in the repository, and either form does.
    type: list
    elements: str
    default: []
  on_unreadable:
    description:
      - What to do about a value that no loaded secret opens, and about a file that cannot be read.
      - V(fail) tells each with file, line and path, and writes nothing anywhere.
      - V(skip) leaves each as it is, tells it in RV(unreadable) and in a warning, and does the rest.
    type: str
    choices: [fail, skip]
    default: fail
  lock_timeout_seconds:
    description:
      - How long to wait for another task that is changing a file in the same folder. Means nothing with O(git).
    type: float
    default: 30
  git:
    description:
      - The files are those at the tip of a branch of this Git repository, and no working copy is needed. All that is
        moved is one commit and one push. It is pushed when everything in it is proven.
      - When somebody else pushed meanwhile, everything is planned anew from what the branch is now. When that goes on,
        nothing was pushed, the task fails, and RV(conflict) is V(true).
      - The clone is shallow and bare, in a private folder that is removed at the end; it holds cipher text as the
        repository does. A run may be killed at any moment, and is run again then.
      - Files keep their modes. Only the files with cipher text are read, and nobody else's change can become part of
        the commit.
      - Needs the program C(git) on the controller. The user's own Git and SSH settings and hooks are not used, and no
        question is asked. A private certificate authority is named by E(GIT_SSL_CAINFO).
      - Without it, the files are on the controller.
    type: dict
    suboptions:
      repository:
        description:
          - Address of the repository, C(https://HOST/PATH), C(USER@HOST:PATH), C(ssh://USER@HOST/PATH) or an absolute
            path.
        type: str
        required: true
      branch:
        description:
          - The branch that is read and pushed to. It has to be there, and the job has to be allowed to push to it.
        type: str
        required: true
      token:
        description:
          - Token for an address with C(https://). It is given to C(git) in a variable of that process, for the server
            of O(git.repository) only, and is in no argument, setting, address or output.
          - Without it and O(git.ssh_key_file), a non-empty environment variable E(CLOUDKEYS_GIT_TOKEN) is used.
        type: str
      username:
        description:
          - The user's name that goes with the token. GitHub and GitLab take any, Bitbucket wants V(x-token-auth).
        type: str
        default: x-access-token
      ssh_key_file:
        description:
          - Private key for an address of SSH, a file on the controller that only its owner may read.
          - Without it, a non-empty environment variable E(CLOUDKEYS_GIT_SSH_KEY_FILE) is used, and without that the
            keys of an SSH agent.
        type: path
      known_hosts_file:
        description:
          - File with the public key of the SSH server, as C(ssh-keyscan) prints it. A host that is not in it is
            refused, and so is a file that other users may write.
          - Without it, a non-empty environment variable E(CLOUDKEYS_GIT_KNOWN_HOSTS_FILE) is used, and without that the
            files of the user and of the system.
        type: path
      author_name:
        description: Author and committer of the commit.
        type: str
        default: cloudkeys
      author_email:
        description: Address of the author; some servers accept known ones only.
        type: str
        default: cloudkeys@localhost
      message:
        description: First line of the commit message. How many values were moved follows below.
        type: str
        default: Move to another vault password
      timeout_seconds:
        description:
          - How long one call of C(git) may take. One that takes longer is ended, and the task fails or looks again.
        type: float
        default: 60
notes:
  - The vault secrets are those of the running Ansible, from C(--vault-id), C(--ask-vault-pass), the configuration or
    the vault credentials of an AWX job. There is no password option.
  - Values in the history of Git, in backups and in clones stay under the old secret. Who had that can read them, so
    after a leak the values themselves have to be replaced as well.
  - Cipher text in a comment, or without the tag C(!vault), is no value to Ansible. It stays as it is, and the task
    warns about it.
  - The records of M(cloudkeys.ibmcloud.iam_api_key_rotation) are values as any other. A rotation that is running
    notices that its file was written, and plans again.
  - Up to as many values as there are processor cores are encrypted at a time. A file that was changed by somebody else
    since it was read is read again; when that goes on, it is left and RV(conflict) is V(true).
seealso:
  - module: cloudkeys.ibmcloud.ansible_vault_vars
  - module: cloudkeys.ibmcloud.ansible_vault_vars_info
  - name: Changing the vault password
    description: From two passwords side by side to the old one thrown away.
    link: https://github.com/cloudkeys/ibmcloud/blob/main/docs/vault-password.md
author:
  - The cloudkeys authors (@cloudkeys)
"""

EXAMPLES = r"""
# ansible-playbook rekey.yml --vault-id old@old-password --vault-id new@new-password
- name: Move everything to the new password
  cloudkeys.ibmcloud.ansible_vault_rekey:
    paths: [group_vars, host_vars, roles, inventory]
    to: new

- name: Move what the old password opens, and keep the id prod in the headers
  cloudkeys.ibmcloud.ansible_vault_rekey:
    paths: [group_vars/**, host_vars/**]
    from: [old]
    to: new
    label: prod
    exclude: ["*/archive/*"]

- name: Move what can be opened, and see what cannot
  cloudkeys.ibmcloud.ansible_vault_rekey:
    paths: [group_vars]
    from: [old]
    to: new
    on_unreadable: skip
    lock_timeout_seconds: 60
  register: rekeyed

- name: Show what is left
  ansible.builtin.debug:
    msg: "{{ item.file }}, line {{ item.line }}: {{ item.name | join(' / ') }}"
  loop: "{{ rekeyed.unreadable }}"

# In AWX: two credentials of the type Vault with the ids old and new, and one that may push to the branch.
- name: Move the values of a repository in one commit
  cloudkeys.ibmcloud.ansible_vault_rekey:
    paths: [group_vars, host_vars]
    from: [old]
    to: new
    label: prod
    git:
      repository: https://git.example.com/platform/vars.git
      branch: main
      token: "{{ git_token }}"

# Ad hoc, with names only:
#   ansible localhost -m cloudkeys.ibmcloud.ansible_vault_rekey --check --diff \
#     --vault-id old@old-password --vault-id new@new-password -a "paths=group_vars to=new"
"""

RETURN = r"""
vault_id:
  description: The vault id that is written into the headers.
  returned: success
  type: str
  sample: prod
conflict:
  description: Whether a file was left because somebody else changed it meanwhile, or, with O(git), nothing was pushed
    because others kept pushing.
  returned: always
  type: bool
  sample: false
commit:
  description: The commit that was pushed. Null when nothing was, as in check mode.
  returned: with O(git), when the files could be looked for
  type: str
  sample: 5f3c1d0b7a8e9f60718293a4b5c6d7e8f9012345
files:
  description: Every file that holds cipher text, and those that were named themselves.
  returned: when the files could be looked for
  type: list
  elements: dict
  contains:
    path:
      description: The file, as an absolute path; with O(git) as C(BRANCH:PATH).
      returned: always
      type: str
      sample: /srv/ansible/group_vars/prod/vault.yml
    layout:
      description: Whether single values are vaulted (V(inline)) or the file is encrypted as a whole (V(file)).
        Null when it could not be read.
      returned: always
      type: str
      sample: inline
    changed:
      description: Whether the file was written, or pushed with O(git), or would be in check mode.
      returned: always
      type: bool
      sample: true
    moved:
      description: How many values in it were to be moved.
      returned: always
      type: int
      sample: 4
    done:
      description: How many were under the new secret already.
      returned: always
      type: int
      sample: 1
    others:
      description: How many stay because a secret opens them that is neither old nor new.
      returned: always
      type: int
      sample: 0
    unreadable:
      description: How many no loaded secret opens.
      returned: always
      type: int
      sample: 0
    problem:
      description: Why the file could not be read or written. Null when there was nothing to be said.
      returned: always
      type: str
      sample: "/srv/ansible/group_vars/prod/vault.yml: the text is not valid YAML (line 7)"
moved:
  description: Every value that was moved, or would be in check mode.
  returned: when the files could be looked for
  type: list
  elements: dict
  contains: &value
    file:
      description: The file, as an absolute path; with O(git) as C(BRANCH:PATH).
      returned: always
      type: str
      sample: /srv/ansible/group_vars/prod/vault.yml
    document:
      description: The number of the YAML document in the file, counted from 1.
      returned: always
      type: int
      sample: 1
    name:
      description: The path that leads to the value, as O(cloudkeys.ibmcloud.ansible_vault_vars#module:name) takes it.
        Empty for a file that is encrypted as a whole.
      returned: always
      type: list
      elements: raw
      sample: [databases, 0, password]
    line:
      description: Where it begins, in the decrypted text if the file is encrypted as a whole.
      returned: always
      type: int
      sample: 12
    vault_id:
      description: The id in the header before, V(default) for one that names none.
      returned: always
      type: str
      sample: prod
    opened_by:
      description: The vault id under which the secret was loaded that opened it before. Null when none did.
      returned: always
      type: str
      sample: old
    problem:
      description: Why it could not be opened. Null when it could.
      returned: always
      type: str
      sample: none of the loaded vault ids (old, new) opens what is encrypted under 'dev'
unreadable:
  description: Every value that no loaded secret opens.
  returned: when the files could be looked for
  type: list
  elements: dict
  contains: *value
"""
