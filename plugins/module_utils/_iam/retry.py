# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May this request be sent again, and for how long: decisions, no I/O."""

from __future__ import annotations

BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})

# Sending these twice has the effect of sending them once. A create is not among them: a second could make a second key.
REPEATABLE_PREFIXES = ("/identity/", "/v1/apikeys/", "/v1/serviceids/")

# Kept open for the requests that a task has under way at a time.
MOST_CONNECTIONS = 32
ATTEMPTS_AFTER_THE_FIRST = 5
CONNECT_ATTEMPTS_AFTER_THE_FIRST = 2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 15

RETRY_BUDGET_SECONDS = 20.0

# One request with all its repetitions: the first try, the budget, in which the last try begins, and that try. A
# rotation's lease is counted from it.
LONGEST_REQUEST_SECONDS = RETRY_BUDGET_SECONDS + 2 * (CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS)


def is_repeatable(method: str, path: str) -> bool:
    """Tell whether sending the same request twice has the effect of sending it once."""
    return method in {"GET", "HEAD"} or path.startswith(REPEATABLE_PREFIXES)


def may_repeat(method: str, path: str, status: int) -> bool:
    """Tell whether the request may be sent again after this answer; 429: nothing was done (iam-facts.md 6.2)."""
    return status == 429 or (status in BUSY_STATUSES and is_repeatable(method, path))
