# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Vault files in a Git repository; argument spec: GIT."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  git:
    description:
      - The vault files are in this Git repository, and all paths are relative to it. Every record is pushed before
        IBM Cloud is asked to do what it announces; a push that others were faster than is planned again.
      - One write of one file is one commit and one push. The clone is shallow, in a private folder that is removed at
        the end; it holds the vault files as they are in the repository.
      - Needs the program C(git) on the controller. The user's own Git and SSH settings and hooks are not used, and no
        question is asked. A private certificate authority is named by E(GIT_SSL_CAINFO).
      - Check mode reads the repository and pushes nothing.
      - Without it, the vault files are on the controller.
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
        description: Author and committer of the commits.
        type: str
        default: cloudkeys
      author_email:
        description: Address of the author; some servers accept known ones only.
        type: str
        default: cloudkeys@localhost
      message:
        description: First line of each commit message. The slots and their generations follow below.
        type: str
        default: Rotate API keys
      timeout_seconds:
        description:
          - How long one call of C(git) may take. One that takes longer is ended, and the task fails or looks again.
        type: float
        default: 60
      keep_working_copy:
        description:
          - Whether the private folder stays when the task went well, so that later tasks can read the files in it. The
            role uses it for its probe and hand-over tasks. The rotation returns where they are.
          - Give the folder as O(git.working_copy) to the last task of this module; that removes it.
        type: bool
        default: false
      working_copy:
        description:
          - The folder that an earlier task has left, as the rotation returns it. It is used again, and is removed
            unless O(git.keep_working_copy). Without it, a new one is made.
        type: path
"""
