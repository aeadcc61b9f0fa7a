# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets that were sent: a broken server may send them back, whole or in part, much later and in any header."""

from __future__ import annotations

import typing as t

# So few characters of a secret tell nothing, and more of them do not stand in another text by chance.
PIECE = 8
# Not each piece is kept: with this length at every third place, there is one in whatever has PIECE characters.
KEPT, APART = 6, 3


class SentSecrets:
    """Recognises a part of any secret that was sent, however many there were; may be used by many threads."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pieces: set[str] = set()
        self._short: set[str] = set()

    def add(self, secrets: t.Iterable[str]) -> None:
        # The same token goes along with each request.
        for secret in {*secrets} - self._known:
            self._known.add(secret)
            if len(secret) < PIECE:
                self._short.add(secret)
            else:
                self._pieces.update(_pieces_of(secret, KEPT, APART))

    def show_in(self, text: str) -> bool:
        """Whether a part of a secret, PIECE characters or a whole shorter one, stands in this text."""
        # Copies, since another thread may add to them.
        if any(short in text for short in tuple(self._short)):
            return True
        if self._pieces.isdisjoint(_pieces_of(text, KEPT, 1)):
            return False
        return any(piece in secret for secret in tuple(self._known) for piece in _pieces_of(text, PIECE, 1))


def _pieces_of(text: str, length: int, apart: int) -> t.Iterator[str]:
    return (text[start : start + length] for start in range(0, len(text) - length + 1, apart))
