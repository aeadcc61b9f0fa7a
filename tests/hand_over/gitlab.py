# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The CI/CD variables of a GitLab.

Rules: https://docs.gitlab.com/api/project_level_variables/ (also of groups) and
https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Json, Refused, Request, Service

KNOWN = {"key", "value", "masked", "protected", "raw", "environment_scope", "variable_type", "description"}
FLAGS = ("masked", "protected", "raw")
# What a variable has to be to be masked: one line without blanks; with expansion on, of these characters only.
MASKABLE = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
MASKABLE_RAW = re.compile(r"\S{8,}")


class GitLab(Service):
    """`variables` are those of one project, by key and scope."""

    def __init__(self, owner: str = "projects/acme/shop") -> None:
        super().__init__()
        self.owner = owner
        self.variables: dict[tuple[str, str], Json] = {}

    def answer(self, request: Request) -> tuple[int, t.Any]:
        if request.headers.get("PRIVATE-TOKEN") != self.token:
            raise Refused(401, {"message": "401 Unauthorized"})
        found = re.fullmatch(rf"/api/v4/{self.owner}/variables(?:/(\w+))?", request.path)
        if not found:
            raise Refused(404, {"message": "404 Project Not Found"})
        if found[1] is None:
            return self._create(request.body)
        where = (found[1], request.query.get("filter[environment_scope]", "*"))
        if where not in self.variables:
            raise Refused(404, {"message": "404 Variable Not Found"})
        variable = self.variables[where]
        if request.method == "PUT":
            changed = {**variable, **_checked(request.body, "value")}
            _refuse_unmaskable(changed)
            variable.update(changed)
        elif request.method != "GET":
            raise Refused(405, {"error": "405 Not Allowed"})
        return 200, _shown(variable)

    def _create(self, body: t.Any) -> tuple[int, t.Any]:
        made = {"environment_scope": "*", "masked": False, "protected": False, "raw": False, "hidden": False}
        made |= _checked(body, "key", "value")
        _refuse_unmaskable(made)
        where = (made["key"], made["environment_scope"])
        if where in self.variables:
            raise Refused(400, {"message": {"key": [f"({made['key']}) has already been taken"]}})
        self.variables[where] = made
        return 201, _shown(made)


def _checked(body: t.Any, *required: str) -> Json:
    missing = [name for name in required if not isinstance(body.get(name), str)]
    bad = [name for name in FLAGS if not isinstance(body.get(name, False), bool)]
    if missing or bad or set(body) - KNOWN:
        raise Refused(400, {"error": f"{', '.join([*missing, *bad, *sorted(set(body) - KNOWN)])} is invalid"})
    return dict(body)


def _refuse_unmaskable(variable: Json) -> None:
    pattern = MASKABLE_RAW if variable["raw"] else MASKABLE
    if variable["masked"] and not pattern.fullmatch(variable["value"]):
        raise Refused(400, {"message": {"value": ["is invalid"]}})


def _shown(variable: Json) -> Json:
    return {**variable, "value": None if variable["hidden"] else variable["value"]}
