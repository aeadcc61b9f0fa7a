# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May this request be sent again, and for how long: decisions, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})

# Sending these twice has the effect of sending them once. A create is not among them: a second could make a second key.
REPEATABLE_PREFIXES = ("/identity/", "/v1/apikeys/", "/v1/serviceids/")

ATTEMPTS_AFTER_THE_FIRST = 5
CONNECT_ATTEMPTS_AFTER_THE_FIRST = 2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 15

# Counted from the first try that failed: the last one begins within it.
RETRY_BUDGET_SECONDS = 20.0

# One request with all that belongs to it: the log-in that it needs, connecting, every repetition, the whole answer.
# What takes longer is given up (deadline.py), and a rotation's lease is counted from it.
LONGEST_REQUEST_SECONDS = 60.0


@dataclass(frozen=True)
class Failure:
    """A try that came to nothing: `status` of its answer, None when none came; `retry_after` is in seconds."""

    status: int | None = None
    retry_after: float | None = None
    was_sent: bool = True
    may_pass: bool = True


def is_repeatable(method: str, path: str) -> bool:
    """Tell whether sending the same request twice has the effect of sending it once."""
    return method in {"GET", "HEAD"} or path.startswith(REPEATABLE_PREFIXES)


def may_repeat(method: str, path: str, status: int) -> bool:
    """Tell whether the request may be sent again after this answer; 429: nothing was done (iam-facts.md 6.2)."""
    return status == 429 or (status in BUSY_STATUSES and is_repeatable(method, path))


def may_try_again(method: str, path: str, failure: Failure, tries: int) -> bool:
    """Tell whether another try follows this one, the `tries`-th, if there is time left."""
    if failure.status is not None:
        return tries <= ATTEMPTS_AFTER_THE_FIRST and may_repeat(method, path, failure.status)
    if not failure.may_pass:
        return False
    if not failure.was_sent:
        return tries <= CONNECT_ATTEMPTS_AFTER_THE_FIRST
    return tries <= ATTEMPTS_AFTER_THE_FIRST and is_repeatable(method, path)


def pause_seconds(failure: Failure, tries: int, share: float) -> float:
    """How long to wait after the `tries`-th try: as IAM wishes, or longer each time.

    `share`, from 0 to 1, is drawn by the caller: it spreads clients apart.
    """
    if failure.retry_after is not None:
        return failure.retry_after
    return min(FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1), LONGEST_PAUSE_SECONDS) * (0.5 + share / 2)
