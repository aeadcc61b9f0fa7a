# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong with a Git repository; every message is safe to show."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError


class GitError(CloudkeysError):
    """The repository cannot be read or pushed to, so neither can the vault files in it."""


class PushRefused(GitError):
    """The server took the push and said no: a hook, or a branch that is protected."""
