# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Owner, group, mode, ACL and extended attributes of a file that takes the place of another."""

from __future__ import annotations

import errno
import os
import stat

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import NotTrusted, Place

_ACL = "system.posix_acl_access"
_SPACES = ("user.", "security.", "trusted.", "system.posix_acl", "system.nfs4_acl", "system.richacl")
# These are about the bytes of a file, and the kernel makes them.
_OF_CONTENT = frozenset({"security.ima", "security.evm"})
_NOT_THERE = frozenset({errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})


def dress(descriptor: int, place: Place | None, mode: int) -> None:
    """Give an open new file all that the file at the place has; `mode` when there is no place, or no file.

    Raises NotTrusted when something cannot be kept.
    """
    old = place.found() if place else None
    if place is None or old is None or not stat.S_ISREG(old.st_mode):
        # A folder may have an ACL for new files, which a private one is not to wake when its mode is changed.
        if not mode & 0o070:
            _remove_acl(descriptor)
        os.fchmod(descriptor, mode)
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except OSError as error:
            raise _not_kept("owner and group", error) from None
    _copy_attributes(place, descriptor)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def check_attributes(place: Place) -> None:
    """What can be told without a new file: raise NotTrusted when owner or group could not be kept."""
    old = place.found()
    if old is None or os.geteuid() == 0:
        return
    if old.st_uid != os.geteuid() or old.st_gid not in {os.getegid(), *os.getgroups()}:
        raise _not_kept("owner and group", OSError(errno.EPERM, ""))


def _copy_attributes(place: Place, descriptor: int) -> None:
    # macOS has none of these calls.
    if not hasattr(os, "listxattr"):
        return
    source = place.open()
    try:
        wanted = _attributes(source)
    finally:
        os.close(source)
    had = _attributes(descriptor)
    if _ACL in had and _ACL not in wanted:
        _remove_acl(descriptor)
    for name, value in wanted.items():
        if had.get(name) == value:
            continue
        try:
            os.setxattr(descriptor, name, value)
        except OSError as error:
            raise _not_kept("ACL" if "acl" in name else "extended attributes", error) from None


def _attributes(descriptor: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        names = os.listxattr(descriptor)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return found
        raise
    for name in names:
        if not name.startswith(_SPACES) or name in _OF_CONTENT:
            continue
        try:
            found[name] = os.getxattr(descriptor, name)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise _not_kept("extended attributes", error) from None
    return found


def _remove_acl(descriptor: int) -> None:
    if not hasattr(os, "removexattr"):
        return
    try:
        os.removexattr(descriptor, _ACL)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise


def _not_kept(what: str, error: OSError) -> NotTrusted:
    return NotTrusted(f"its {what} cannot be kept: {os.strerror(error.errno or errno.EPERM)}")
