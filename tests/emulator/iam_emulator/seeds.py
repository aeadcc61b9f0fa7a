# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Made-up accounts, ids and key values."""

from __future__ import annotations

import random
import string
import uuid
from dataclasses import dataclass, field

GENERATED_VALUE_ALPHABET = string.ascii_letters + string.digits + "_-"
GENERATED_VALUE_LENGTH = 44


@dataclass(frozen=True)
class Seed:
    """What every fresh world starts with: an account, its user and the key of that user."""

    account_id: str
    iam_id: str
    api_key_id: str
    api_key: str = field(repr=False)


class Randomness:
    """Ids and key values, drawn from a source that tests may seed."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))

    def hex_id(self) -> str:
        """Thirty-two hexadecimal digits."""
        return f"{self._source.getrandbits(128):032x}"

    def key_value(self) -> str:
        """A key value like those that IAM generates."""
        return "".join(self._source.choices(GENERATED_VALUE_ALPHABET, k=GENERATED_VALUE_LENGTH))

    def user_id(self) -> str:
        """The IAM ID of a made-up user."""
        return f"IBMid-27{self._source.randrange(10**5):05d}EMU"

    def seed(self) -> Seed:
        """A made-up account."""
        return Seed(self.hex_id(), self.user_id(), f"ApiKey-{self.uuid()}", self.key_value())
