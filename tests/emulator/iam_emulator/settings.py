# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The switches of the emulator: what IBM leaves open, and how far behind reads may lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .refusals import invalid
from .roles import checked_roles


@dataclass(frozen=True)
class Settings:
    """Every switch with its default; README.md says what each one does."""

    unknown_reads: int = 0
    stale_pages: int = 0
    locked_write_status: int = 409
    stale_tag_status: int = 409
    already_so_status: int = 409
    duplicate_value_status: int = 409
    disabled_login_status: int = 400
    disabled_login_code: str = "BXNIM0462E"
    disabled_logins: int = 0
    expired_login_status: int = 400
    expired_login_code: str = "BXNIM0439E"
    creates_take_past_expiry: bool = False
    empty_expiry_clears: bool = True
    default_action_when_leaked: str = "disable"
    keys_per_identity: int = 20
    access_token_lifetime_seconds: int = 3600
    granted_role: str = ""
    foreign_key_status: int = 403
    details_unknown_status: int = 404
    details_unknown_code: str = "BXNIM0102E"
    name_limit: int = 0
    description_limit: int = 0
    restricted_create_status: int = 403
    assume_refused_status: int = 403
    report_unready_reads: int = 1
    quoted_tags: bool = False
    keys_need_group: bool = False
    lists_need_account_role: bool = False
    account_list_is_shortened: bool = False
    caller_address: str = "127.0.0.1"
    address_refused_status: int = 403
    report_leaves_out_empty: bool = False
    odd_report_times: bool = False

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """A copy with these values; an unknown name or a wrong type is refused."""
        known = asdict(self)
        for name, value in values.items():
            if name not in known:
                raise invalid(f"unknown setting {name}, known are {', '.join(known)}")
            if type(value) is not type(known[name]) or (isinstance(value, int) and value < 0):
                raise invalid(f"setting {name} takes a value like {known[name]!r}")
        if values.get("granted_role"):
            checked_roles([values["granted_role"]])
        return replace(self, **values)
