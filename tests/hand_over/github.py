# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Actions secrets of one repository of GitHub (https://docs.github.com/en/rest/actions/secrets)."""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Refused, Request, Service
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

PLACES = re.compile(r"/repos/acme/shop/(actions|environments/[^/]+)/secrets/([A-Za-z0-9_-]+)")


class GitHub(Service):
    """`opened` are the values of the secrets, by their address; a real one shows them to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: dict[str, str] = {}
        self.updated_at: dict[str, str] = {}
        self.stands_still = False
        self._key = PrivateKey.generate()
        self._seconds = 0

    def answer(self, request: Request) -> tuple[int, t.Any]:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401, {"message": "Bad credentials"})
        # "Requests without a User-Agent are rejected"; the version of the API is one that there is.
        if not request.headers.get("User-Agent") or request.headers.get("X-GitHub-Api-Version") != "2022-11-28":
            raise Refused(403, {"message": "Request forbidden by administrative rules"})
        found = PLACES.fullmatch(request.path)
        if not found:
            raise Refused(404, {"message": "Not Found"})
        where = f"{found[1]}/{found[2]}"
        if found[2] == "public-key":
            return 200, {"key_id": "568250167242549743", "key": base64.b64encode(bytes(self._key.public_key)).decode()}
        if request.method == "PUT":
            return self._put(where, request.body), None
        if where not in self.updated_at:
            raise Refused(404, {"message": "Not Found"})
        return 200, {"name": found[2], "created_at": "2026-01-01T00:00:00Z", "updated_at": self.updated_at[where]}

    def _put(self, where: str, body: t.Any) -> int:
        if body.get("key_id") != "568250167242549743":
            raise Refused(422, {"message": "Bad request - key_id is not the current one"})
        try:
            sealed = base64.b64decode(body["encrypted_value"], validate=True)
            value = SealedBox(self._key).decrypt(sealed).decode()
        except (ValueError, CryptoError):
            raise Refused(422, {"message": "Improperly encrypted secret"}) from None
        status = 204 if where in self.opened else 201
        self.opened[where] = value
        self._seconds += 0 if self.stands_still else 1
        self.updated_at[where] = f"2026-01-01T00:00:{self._seconds:02}Z"
        return status
