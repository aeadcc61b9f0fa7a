# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A caller that talks to the emulator without HTTP: sets the scene of tests and looks at what is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from .emulator import Emulator
from .grants import API_KEY_GRANT
from .login import FORM_TYPE
from .messages import Answer, Json, Request
from .scenery import add_user, grant


class Visitor:
    """Logged in with a key, by default with the first key of the account."""

    def __init__(self, emulator: Emulator, key_value: str | None = None) -> None:
        self.emulator = emulator
        self.key_value = key_value or emulator.seed.api_key
        self.token = ""

    def log_in(self, key_value: str | None = None, **form: str) -> Answer:
        """The answer of the token endpoint to this key."""
        return self.post_form(**{"grant_type": API_KEY_GRANT, "apikey": key_value or self.key_value, **form})

    def post_form(self, **content: str) -> Answer:
        """The answer of the token endpoint to this form."""
        headers = {"Content-Type": FORM_TYPE}
        return self.emulator.handle(
            Request("POST", "/identity/token", headers=headers, body=urlencode(content).encode())
        )

    def ask(
        self, method: str, url: str, content: Any = None, headers: Mapping[str, str] | None = None, **query: str
    ) -> Answer:
        """The answer to an authenticated request; logs in before the first one."""
        if not self.token:
            self.token = self.log_in().json()["access_token"]
        address = urlsplit(url)
        sent = {"Authorization": f"Bearer {self.token}", "Host": address.netloc or "iam.example.com"}
        if content is not None:
            sent["Content-Type"] = "application/json"
        return self.emulator.handle(
            Request(
                method=method,
                path=address.path,
                query={**dict(parse_qsl(address.query, keep_blank_values=True)), **query},
                headers={**sent, **(headers or {})},
                body=b"" if content is None else json.dumps(content).encode(),
            )
        )

    def create_key(self, headers: Mapping[str, str] | None = None, **properties: Any) -> Json:
        """A new key, by default of the account's user."""
        content = {"name": "a key", "iam_id": self.emulator.seed.iam_id, **properties}
        return self._created("/v1/apikeys", content, headers)

    def create_service_id(self, headers: Mapping[str, str] | None = None, **properties: Any) -> Json:
        """A new service ID."""
        content = {"name": "a robot", "account_id": self.emulator.seed.account_id, **properties}
        return self._created("/v1/serviceids", content, headers)

    def create_profile(self, *, assumed_by: str = "", **properties: Any) -> Json:
        """A new trusted profile, which this user or service ID may assume."""
        content = {"name": "a profile", "account_id": self.emulator.seed.account_id, **properties}
        profile = self._created("/v1/profiles", content, None)
        if assumed_by:
            kind = "user" if assumed_by in self.emulator.world.users else "serviceid"
            identity = {"type": kind, "identifier": assumed_by.removeprefix("iam-")}
            self.ask("POST", f"/v1/profiles/{profile['id']}/identities/{kind}", identity)
        return profile

    def add_user(self, name: str = "Second User", *roles: str) -> Visitor:
        """One more user of the account, by default without any role."""
        return Visitor(self.emulator, add_user(self.emulator.world, name, roles)["api_key"])

    def grant(self, iam_id: str, *roles: str, service_id: str | None = None) -> None:
        """Give an identity these roles, on one service ID if one is named, and no others there."""
        grant(self.emulator.world, iam_id, roles, service_id)

    def _created(self, path: str, content: Json, headers: Mapping[str, str] | None) -> Json:
        answer = self.ask("POST", path, content, headers)
        if answer.status != 201:
            raise AssertionError(f"{path} answered {answer.status}: {answer.body.decode()}")
        created: Json = answer.json()
        return created

    def list_keys(self, **query: str) -> list[Json]:
        """Every key that lists show, page by page."""
        return self._all_pages("/v1/apikeys", "apikeys", query)

    def list_service_ids(self, **query: str) -> list[Json]:
        """Every service ID that lists show, page by page."""
        return self._all_pages("/v1/serviceids", "serviceids", {"account_id": self.emulator.seed.account_id, **query})

    def _all_pages(self, path: str, member: str, query: Mapping[str, str]) -> list[Json]:
        page = self.ask("GET", f"{path}?{urlencode(query)}").json()
        found: list[Json] = page[member]
        while "next" in page:
            page = self.ask("GET", page["next"]).json()
            found = found + page[member]
        return found
