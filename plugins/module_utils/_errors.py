# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parents of all errors that are told to the user.

CloudkeysError
    TaskRefused        the task cannot be done as asked, and nothing was changed
    NotFinished        something was changed, and the rest could not be done
    IamError           IBM Cloud IAM did not do what it was asked (module_utils/_iam/errors.py)
    VaultFileError     a vault file cannot be read or changed (plugin_utils/_vault_file/vault_errors.py)
    GitError           a repository cannot be read or pushed to (plugin_utils/_git/git_errors.py)
"""

from __future__ import annotations

import typing as t


class CloudkeysError(Exception):
    """An error whose text is meant for the user and holds no secret.

    `details` become members of the failed result; `transaction_id` is what IBM's support asks for.
    """

    def __init__(
        self, message: str, *, transaction_id: str | None = None, details: dict[str, t.Any] | None = None
    ) -> None:
        super().__init__(message)
        self.transaction_id = transaction_id
        self.details = details or {}


class TaskRefused(CloudkeysError):
    """The task does not say enough, or what it asks for does not fit what is there; nothing was changed."""


class NotFinished(CloudkeysError):
    """Something was changed, and the rest could not be done; the text says what is there now."""
