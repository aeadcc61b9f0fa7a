# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Seals what comes in for the public key that is named, as GitHub wants it: a sealed box of libsodium, in Base64.

https://docs.github.com/en/rest/guides/encrypting-secrets-for-the-rest-api
"""

from __future__ import annotations

import base64
import sys


def main() -> int:
    try:
        from nacl.public import PublicKey, SealedBox
    except ImportError:
        # Under this number the task knows the reason; the text of an exception is not shown.
        return 3
    box = SealedBox(PublicKey(base64.b64decode(sys.argv[1], validate=True)))
    print(base64.b64encode(box.encrypt(sys.stdin.buffer.read())).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
