# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Allow lists of addresses: of the account, and of a key (iam-facts.md 1.7)."""

from __future__ import annotations

import ipaddress

from .refusals import Refusal, invalid


def check_list(allowed: str) -> None:
    """Refuse what is no list of addresses, networks (10.0.0.0/8) and ranges (10.0.0.1-10.0.0.9) with commas between."""
    try:
        _is_listed("127.0.0.1", allowed)
    except ValueError:
        raise invalid("Property allowed_ip_addresses is not a list of IP addresses.") from None


def check_address(address: str, allowed: str, status: int) -> None:
    """Refuse an address that is not in the list; an empty list allows all."""
    if allowed and not _is_listed(address, allowed):
        details = f"The IP address {address} is not in the list of allowed IP addresses."
        raise Refusal(status, "Access from this address is not allowed.", "BXNIM0430E", details)


def _is_listed(address: str, allowed: str) -> bool:
    sought = ipaddress.ip_address(address)
    # All are read, so that a mistake at the end is one.
    holds = [_holds(each.strip(), sought) for each in allowed.split(",") if each.strip()]
    return any(holds)


def _holds(listed: str, sought: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    first, dash, last = listed.partition("-")
    if dash:
        lowest, highest = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        is_same_kind = lowest.version == highest.version == sought.version
        return is_same_kind and int(lowest) <= int(sought) <= int(highest)
    return sought in ipaddress.ip_network(listed, strict=False)
