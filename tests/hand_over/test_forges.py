# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A variable of GitLab is masked and protected; a secret of GitHub is sealed, and seen to be updated."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.github import GitHub
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.gitlab import GitLab
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import KEY_ID, HandOver, changes, new_value
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Json, Service

Place = dict[str, t.Any]
WHERE = ("IBMCLOUD_API_KEY", "*")


@pytest.fixture
def gitlab(start: t.Callable[[Service, str, str], None]) -> GitLab:
    gitlab = GitLab()
    start(gitlab, "CI_SERVER_URL", "GITLAB_TOKEN")
    return gitlab


@pytest.fixture
def github(start: t.Callable[[Service, str, str], None]) -> GitHub:
    github = GitHub()
    start(github, "GITHUB_API_URL", "GITHUB_TOKEN")
    return github


@pytest.fixture
def variable(slot: HandOver) -> Place:
    place = {"to": "gitlab_variable", "project": "acme/shop", "key": "IBMCLOUD_API_KEY"}
    return {**place, "ca_file": str(slot.ca_file)}


@pytest.fixture
def secret(slot: HandOver) -> Place:
    place = {"to": "github_secret", "repository": "acme/shop", "name": "IBMCLOUD_API_KEY"}
    return {**place, "ca_file": str(slot.ca_file)}


def held(**more: t.Any) -> Json:
    flags = {"masked": False, "protected": False, "raw": False, "hidden": False}
    return {"key": WHERE[0], "environment_scope": "*", "value": "before", **flags, **more}


def test_a_variable_is_made_masked_and_protected_and_then_left_alone(
    slot: HandOver, gitlab: GitLab, variable: Place
) -> None:
    assert changes(slot.run(variable))

    made = gitlab.variables[WHERE]
    assert (made["value"], made["masked"], made["protected"], made["raw"]) == (slot.value, True, True, True)
    assert not changes(slot.run(variable))
    slot.publish(new_value())
    slot.run(variable, key_id="ApiKey-next")
    assert made["value"] == slot.value
    assert made["description"] == "[cloudkeys ApiKey-next]"


def test_a_variable_that_is_there_is_masked_and_stays_as_unprotected_as_it_was(
    slot: HandOver, gitlab: GitLab, variable: Place
) -> None:
    gitlab.variables = {WHERE: held(description="Of team A"), (WHERE[0], "prod/eu"): held(environment_scope="prod/eu")}

    slot.run({**variable, "environment_scope": "prod/eu", "protected": True}, variable)

    everywhere, prod = gitlab.variables.values()
    assert (everywhere["value"], everywhere["masked"], everywhere["protected"]) == (slot.value, True, False)
    assert (prod["value"], prod["masked"], prod["protected"]) == (slot.value, True, True)
    assert everywhere["description"] == f"Of team A [cloudkeys {KEY_ID}]"


def test_a_hidden_variable_is_known_by_its_mark(slot: HandOver, gitlab: GitLab, variable: Place) -> None:
    gitlab.variables[WHERE] = held(hidden=True, masked=True, value="before.before")

    assert changes(slot.run(variable))
    assert gitlab.variables[WHERE]["value"] == slot.value
    assert not changes(slot.run(variable))


def test_what_gitlab_refuses_is_told_without_the_value(slot: HandOver, gitlab: GitLab, variable: Place) -> None:
    both = {**variable, "group": "acme"}
    places = [both, {**variable, "project": "acme/other"}, {**variable, "key": "a-b"}]

    told = slot.refusals(*({"hand_over": [each]} for each in places))

    assert "needs either project or group" in told[0]
    assert "404 Project Not Found" in told[1]
    assert "a key of letters" in told[2]
    assert gitlab.writes == []
    gitlab.echoes = True
    assert "answered 400: " in slot.fail(variable)


def test_check_mode_sets_nothing(
    slot: HandOver, gitlab: GitLab, github: GitHub, variable: Place, secret: Place
) -> None:
    told = slot.run(variable, secret, check=True)

    assert f"would set {gitlab.url}/api/v4/projects/acme%2Fshop/variables/IBMCLOUD_API_KEY" in told
    assert f"would set {github.url}/repos/acme/shop/actions/secrets/IBMCLOUD_API_KEY" in told
    assert gitlab.writes == github.writes == []


def test_a_secret_of_actions_is_sealed_and_seen_to_be_updated(slot: HandOver, github: GitHub, secret: Place) -> None:
    assert changes(slot.run(secret, {**secret, "environment": "prod eu"}))
    places = ["actions/IBMCLOUD_API_KEY", "environments/prod eu/IBMCLOUD_API_KEY"]
    assert github.opened == dict.fromkeys(places, slot.value)

    slot.publish(new_value())
    slot.run(secret)
    assert github.opened[places[0]] == slot.value
    github.stands_still = True
    assert "does not show that it was updated" in slot.fail(secret)


@pytest.mark.parametrize("place", ["gitlab", "github"])
def test_a_run_that_is_killed_after_the_write_is_finished_by_the_next(
    slot: HandOver, gitlab: GitLab, github: GitHub, variable: Place, secret: Place, place: str
) -> None:
    service: Service = gitlab if place == "gitlab" else github
    wanted = variable if place == "gitlab" else secret
    slot.kill_after_write(service, wanted)

    told = slot.run(wanted)

    # Nobody can tell what a secret of GitHub is.
    assert changes(told) == (place == "github")
    assert slot.value in (gitlab.variables.get(WHERE, {}).get("value"), *github.opened.values())


def test_what_github_refuses_is_told_without_the_value(slot: HandOver, github: GitHub, secret: Place) -> None:
    places = [
        {**secret, "repository": "acme/other"},
        {**secret, "name": "GITHUB_X"},
        {**secret, "repository": "a/../b"},
    ]

    told = slot.refusals(*({"hand_over": [each]} for each in places))

    assert "Does the repository exist" in told[0]
    assert "not beginning with a digit or GITHUB_" in told[1]
    assert "repository is owner/name" in told[2]
    github.echoes = True
    assert "answered 400: " in slot.fail(secret)
