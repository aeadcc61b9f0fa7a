# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists in pages: order, filter, and the links that lead from page to page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from .bodies import choice
from .entities import Entity
from .filters import parse_filter
from .messages import Answer, Json, Request, json_answer
from .refusals import invalid

AnyEntity = TypeVar("AnyEntity", bound=Entity)

DEFAULT_PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 100


def parameters_of(request: Request) -> dict[str, str]:
    """The parameters of a list; a page token brings those of the first page along."""
    parameters = dict(request.query)
    token = parameters.pop("pagetoken", None)
    return parameters if token is None else {**parameters, **_read_token(token)}


def page_answer(
    request: Request,
    member: str,
    entities: Sequence[AnyEntity],
    show: Callable[[AnyEntity], Json],
    sort_attributes: tuple[str, ...],
) -> Answer:
    """One page of the entities, with absolute links on the host that the client used."""
    parameters = parameters_of(request)
    page_size = _page_size(parameters)
    offset = int(parameters.pop("offset", "0"))
    found = _arranged(entities, parameters, sort_attributes)
    links = {"first": _link(request, parameters)}
    if offset > 0:
        links["previous"] = _link(request, parameters, max(0, offset - page_size))
    if offset + page_size < len(found):
        links["next"] = _link(request, parameters, offset + page_size)
    shown = [show(entity) for entity in found[offset : offset + page_size]]
    return json_answer({"offset": offset, "limit": page_size, **links, member: shown})


def _page_size(parameters: Mapping[str, str]) -> int:
    text = parameters.get("pagesize", str(DEFAULT_PAGE_SIZE))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LARGEST_PAGE_SIZE:
        raise invalid(f"pagesize must be a number from 1 to {LARGEST_PAGE_SIZE}.")
    return int(text)


def _arranged(
    entities: Sequence[AnyEntity], parameters: Mapping[str, str], sort_attributes: tuple[str, ...]
) -> list[AnyEntity]:
    attribute = choice(parameters.get("sort"), "sort", sort_attributes, "created_at")
    is_descending = choice(parameters.get("order"), "order", ("asc", "desc"), "asc") == "desc"
    found = list(entities)
    if "filter" in parameters:
        matches = parse_filter(parameters["filter"])
        found = [entity for entity in found if matches(entity)]
    return sorted(found, key=lambda entity: getattr(entity, attribute) or "", reverse=is_descending)


def _link(request: Request, parameters: Mapping[str, str], offset: int | None = None) -> str:
    query = dict(parameters)
    if offset is not None:
        query["pagetoken"] = _write_token({**parameters, "offset": str(offset)})
    return f"{request.scheme}://{request.header('Host') or 'localhost'}{request.path}?{urlencode(query)}"


def _write_token(parameters: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parameters).encode()).decode()


def _read_token(token: str) -> dict[str, str]:
    try:
        parameters = json.loads(base64.urlsafe_b64decode(token))
        if int(parameters["offset"]) < 0:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise invalid("The page token is not valid.") from None
    return {str(name): str(value) for name, value in parameters.items()}
