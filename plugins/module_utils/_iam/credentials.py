# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task logs in with: an API key, a ready token or a compute resource, and as which trusted profile."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid, MissingCredentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.trusted_files import (
    group_may_write,
    read_for_login,
)

API_KEY_VARIABLES = ("IBMCLOUD_API_KEY", "IC_API_KEY", "IBMCLOUD_APIKEY")
TOKEN_VARIABLE = "IC_IAM_TOKEN"  # noqa: S105  # the name of a variable, not a token
SECRET_OPTIONS = ("token", "api_key", "api_key_file")


@dataclass(frozen=True)
class Profile:
    """A trusted profile to log in as: exactly one of the three."""

    id: str | None = None
    crn: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Credentials:
    """What one logs in with: exactly one of the first three; the last needs a profile, the others may have one."""

    key_value: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    cr_token_file: str | None = None
    profile: Profile | None = None


def pick_credentials(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Credentials:
    """Choose what to log in with: any option of the task beats every environment variable.

    In both places a token comes before an API key, and that before a file. A trusted profile is assumed with whatever
    was chosen, or with the token of a compute resource. What is empty counts as unset, because AWX injects empty
    variables for blank fields. Raises MissingCredentials, and Invalid for options that contradict each other.
    """
    profile = _profile_in(options)
    cr_token_file = options.get("cr_token_file")
    if not cr_token_file:
        return replace(_pick_secret(options, environ), profile=profile)
    beside = [name for name in SECRET_OPTIONS if options.get(name)]
    if beside:
        raise Invalid(f"cr_token_file and {beside[0]} are two ways to log in; leave one of them out")
    if profile is None:
        raise MissingCredentials(
            "a compute resource logs in as a trusted profile: set profile_id, profile_crn or profile_name "
            "beside cr_token_file"
        )
    return Credentials(cr_token_file=cr_token_file, profile=profile)


def _profile_in(options: t.Mapping[str, t.Any]) -> Profile | None:
    named = {name: options[f"profile_{name}"] for name in ("id", "crn", "name") if options.get(f"profile_{name}")}
    if len(named) > 1:
        raise Invalid(
            f"only one of {' and '.join(f'profile_{name}' for name in named)} may say which trusted profile is meant"
        )
    return Profile(**named) if named else None


def _pick_secret(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Credentials:
    if options.get("token"):
        return Credentials(token=_bare_token(options["token"]))
    if options.get("api_key"):
        return Credentials(key_value=options["api_key"])
    if options.get("api_key_file"):
        return Credentials(key_value=read_key_file(options["api_key_file"]))
    if environ.get(TOKEN_VARIABLE):
        return Credentials(token=_bare_token(environ[TOKEN_VARIABLE]))
    for variable in API_KEY_VARIABLES:
        given = environ.get(variable)
        if given:
            return Credentials(key_value=read_key_file(given[1:]) if given.startswith("@") else given)
    raise MissingCredentials(
        "no credentials: set the option api_key, api_key_file or token, or cr_token_file and a profile, "
        f"or one of the environment variables {', '.join((*API_KEY_VARIABLES, TOKEN_VARIABLE))}"
    )


def cautions(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> list[str]:
    """What makes a log-in less safe than it looks, though it is done; the texts are the same for all tasks of a run."""
    told = []
    if options.get("validate_certs") is False:
        told.append(
            "validate_certs is false: whoever answers in place of IBM Cloud gets the API key. For a certificate of "
            "your own network name its file in ca_path"
        )
    given = next((environ[name] for name in API_KEY_VARIABLES if environ.get(name)), "")
    variable_file = given[1:] if given.startswith("@") and not any(map(options.get, SECRET_OPTIONS)) else None
    for path in (options.get("api_key_file"), options.get("cr_token_file"), variable_file):
        place = group_may_write(path) if path else None
        if place:
            told.append(
                f"the group of {place} may change what this task logs in with ({path}): chmod g-w {place} takes that "
                "away"
            )
    return told


def read_key_file(path: str) -> str:
    """Read an API key from a file: the JSON that `ibmcloud iam api-key-create --file` writes, or the bare value."""
    try:
        text = read_for_login(path, "the API key file").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise MissingCredentials(f"the API key file {path} cannot be read: {reason}") from None
    if text.startswith("{"):
        try:
            text = json.loads(text).get("apikey") or ""
        except ValueError:
            text = ""
    if not isinstance(text, str) or not text or any(character.isspace() for character in text):
        raise MissingCredentials(f"the API key file {path} holds neither an API key nor JSON with a member 'apikey'")
    return text


def read_cr_token(path: str) -> str:
    """Read the token that a compute resource was given; it is renewed there, so it is read before each log-in."""
    try:
        text = read_for_login(path, "the file with the token of this compute resource,").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise MissingCredentials(f"the file {path} with the token of this compute resource: {reason}") from None
    if not text:
        raise MissingCredentials(f"the file {path} with the token of this compute resource is empty")
    return text


def _bare_token(text: str) -> str:
    return text[len("Bearer ") :] if text.startswith("Bearer ") else text
