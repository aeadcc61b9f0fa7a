# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The `filter` of lists: `name sw "x" and (description co_ci "y" or ...)` (iam-facts.md 2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable

from .entities import Entity
from .refusals import invalid

Predicate = Callable[[Entity], bool]

TOKEN_PATTERN = re.compile(r'\s*([()]|"(?:[^"\\]|\\.)*"|[A-Za-z_]+)\s*')
ATTRIBUTES = frozenset({"name", "description"})
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "sw": str.startswith,
    "ew": str.endswith,
    "co": lambda text, part: part in text,
}
IGNORE_CASE_SUFFIX = "_ci"


def parse_filter(text: str) -> Predicate:
    """Turn a filter into a predicate; 400 when it is not one."""
    tokens = _tokens_of(text)
    predicate = _any_of(tokens)
    if tokens:
        raise invalid(f"The filter has something after its end: {tokens[0]}.")
    return predicate


def _tokens_of(text: str) -> list[str]:
    tokens = []
    position = 0
    while position < len(text):
        match = TOKEN_PATTERN.match(text, position)
        if match is None:
            raise invalid(f"The filter cannot be read from character {position + 1} on.")
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def _take(tokens: list[str], wanted: str) -> str:
    if not tokens:
        raise invalid(f"The filter ends where {wanted} is expected.")
    return tokens.pop(0)


def _any_of(tokens: list[str]) -> Predicate:
    options = [_all_of(tokens)]
    while tokens and tokens[0].lower() == "or":
        tokens.pop(0)
        options.append(_all_of(tokens))
    return lambda entity: any(option(entity) for option in options)


def _all_of(tokens: list[str]) -> Predicate:
    conditions = [_one_of(tokens)]
    while tokens and tokens[0].lower() == "and":
        tokens.pop(0)
        conditions.append(_one_of(tokens))
    return lambda entity: all(condition(entity) for condition in conditions)


def _one_of(tokens: list[str]) -> Predicate:
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        inner = _any_of(tokens)
        if _take(tokens, "a closing parenthesis") != ")":
            raise invalid("The filter lacks a closing parenthesis.")
        return inner
    return _comparison(tokens)


def _comparison(tokens: list[str]) -> Predicate:
    attribute, operator, quoted = (_take(tokens, part) for part in ("an attribute", "an operator", "a value"))
    compare = OPERATORS.get(operator.removesuffix(IGNORE_CASE_SUFFIX))
    if attribute not in ATTRIBUTES or compare is None or not quoted.startswith('"'):
        raise invalid(f"The filter cannot compare: {attribute} {operator} {quoted}.")
    value = re.sub(r"\\(.)", r"\1", quoted[1:-1])
    if operator.endswith(IGNORE_CASE_SUFFIX):
        return lambda entity: compare((getattr(entity, attribute) or "").lower(), value.lower())
    return lambda entity: compare(getattr(entity, attribute) or "", value)
