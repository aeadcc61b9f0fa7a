# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong with a vault file; every message is safe to show.

    VaultFileError
      ChangedMeanwhile     somebody else wrote the file since it was read
      CannotEdit           the file's YAML, or the edit, has a form that is refused
        NoSuchItem         a path leads to an item that its list does not have
      CannotDecrypt        a value or the file cannot be opened with the loaded vault secrets
      NoSecret             no vault secret is loaded, or not the one that was asked for
      AmbiguousSecret      several vault ids are loaded and none was chosen
      CannotStore          the operating system refused to lock, read or write

The file is as it was when one of these is raised; only when its folder could not be synced after the rename is it the
new one. No message holds a value, cipher text or a line of the file.
"""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError


class VaultFileError(CloudkeysError):
    """Anything that keeps a vault file from being read or changed."""


class ChangedMeanwhile(VaultFileError):
    """Somebody else changed the file since the snapshot was taken; read again and plan again."""


class CannotEdit(VaultFileError):
    """The file or the edit has a form that cannot be changed safely."""


class NoSuchItem(CannotEdit):
    """A list on the way has no such item, or none with these members."""


class CannotDecrypt(VaultFileError):
    """None of the loaded vault secrets opens this."""


class NoSecret(VaultFileError):
    """The vault secret to encrypt with is not loaded."""


class AmbiguousSecret(VaultFileError):
    """More than one vault secret could be meant."""


class CannotStore(VaultFileError):
    """The file system refused."""
