# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Secret of Kubernetes gets one key; the others, and whoever manages them, are left alone."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.kubernetes import Cluster, Secret
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import HandOver, changes, new_value
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Service

WHERE = ("apps", "deploy")
Place = dict[str, t.Any]


@pytest.fixture
def cluster(start: t.Callable[[Service, str, str], None]) -> Cluster:
    cluster = Cluster()
    start(cluster, "K8S_AUTH_HOST", "K8S_AUTH_API_KEY")
    return cluster


@pytest.fixture
def place(slot: HandOver) -> Place:
    slot.environ["K8S_AUTH_SSL_CA_CERT"] = str(slot.ca_file)
    return {"to": "kubernetes_secret", "namespace": "apps", "name": "deploy"}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_two_keys_of_one_secret_come_from_two_slots_and_the_third_from_somebody(
    slot: HandOver, cluster: Cluster, place: Place
) -> None:
    cluster.secrets[WHERE] = Secret({"user": b64("ci")}, {"user": {"helm"}})

    assert changes(slot.run(place))
    slot.run({**place, "key": "other"})
    slot.publish(new_value())
    assert changes(slot.run(place))

    held = cluster.secrets[WHERE].data
    assert held["user"] == b64("ci")
    assert held["api_key"] == b64(slot.value) != held["other"]
    assert not changes(slot.run(place))


def test_a_key_that_somebody_else_manages_is_taken_over_only_on_demand(
    slot: HandOver, cluster: Cluster, place: Place
) -> None:
    cluster.secrets[WHERE] = Secret({"api_key": b64("theirs")}, {"api_key": {"kubectl"}})

    told = slot.fail(place)
    assert 'conflict with \\"kubectl\\"' in told
    assert "take_over: true" in told
    assert cluster.secrets[WHERE].data == {"api_key": b64("theirs")}

    slot.run({**place, "take_over": True})
    assert cluster.secrets[WHERE] == Secret({"api_key": b64(slot.value)}, {"api_key": {"cloudkeys-api_key"}})


def test_a_run_that_is_killed_after_the_write_is_finished_by_the_next(
    slot: HandOver, cluster: Cluster, place: Place
) -> None:
    slot.kill_after_write(cluster, place)

    assert not changes(slot.run(place))
    assert cluster.secrets[WHERE].data == {"api_key": b64(slot.value)}


def test_check_mode_says_what_it_would_do_and_writes_nothing(slot: HandOver, cluster: Cluster, place: Place) -> None:
    told = slot.run(place, check=True)

    assert "would apply the key api_key of" in told
    assert changes(told)
    assert cluster.writes == []


def test_what_the_cluster_refuses_is_told_without_the_value(slot: HandOver, cluster: Cluster, place: Place) -> None:
    cluster.secrets["apps", "fixed"] = Secret({"api_key": b64("old")}, {}, immutable=True)
    places = [{**place, "namespace": "nobody"}, {**place, "name": "fixed"}, {**place, "key": "a/b"}]

    told = slot.refusals(*({"hand_over": [each]} for each in places))

    assert 'namespaces \\"nobody\\" not found' in told[0]
    assert "field is immutable" in told[1]
    assert "key has to be of letters" in told[2]
    cluster.echoes = True
    assert "answered 400: " in slot.fail(place)
