# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bearer tokens: RS256 JWTs with the claims that IBM documents, checked against the emulator's clock."""

from __future__ import annotations

import functools
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

from .clock import Clock
from .entities import Entity, User
from .messages import Json
from .refusals import Refusal
from .world import Caller, World

ISSUER = "https://iam.cloud.ibm.com/identity"
SIGNING_KEY_ID = "20260101000000"
SCOPE = "ibm openid"
SUBJECT_TYPES = {"serviceid": "ServiceId", "profile": "Profile"}
# Only the emulator's own clock decides about time.
UNTIMED: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


@functools.cache
def _signing_key() -> rsa.RSAPrivateKey:
    # Making a key costs far more than a log-in, so one serves the whole process.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def published_keys() -> Json:
    """The JWKS with which a client verifies tokens."""
    public_key = RSAAlgorithm.to_jwk(_signing_key().public_key(), as_dict=True)
    return {"keys": [{**public_key, "kid": SIGNING_KEY_ID, "alg": "RS256", "use": "sig"}]}


def mint_token(world: World, iam_id: str, grant_type: str, key_id: str = "") -> Json:
    """The whole answer to a log-in of this identity."""
    issued_at = int(world.clock.now())
    lifetime_seconds = _lifetime_seconds(world)
    claims = {
        "iam_id": iam_id,
        "id": iam_id,
        "jti": world.randomness.uuid(),
        **_identity_claims(world, iam_id),
        "account": {"valid": True, "bss": world.seed.account_id, "frozen": False},
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
        "iss": ISSUER,
        "grant_type": grant_type,
        "scope": SCOPE,
        "client_id": "default",
        "acr": 1,
        "amr": ["pwd"],
        "emulator_key_id": key_id,
    }
    return {
        "access_token": _signed(json.dumps(claims)),
        "refresh_token": "not_supported",
        "token_type": "Bearer",
        "expires_in": lifetime_seconds,
        "expiration": issued_at + lifetime_seconds,
        "scope": SCOPE,
    }


def _lifetime_seconds(world: World) -> int:
    chosen: str = world.account_settings.values["system_access_token_expiration_in_seconds"]
    return world.settings.access_token_lifetime_seconds if chosen == "NOT_SET" else int(chosen)


def _identity_claims(world: World, iam_id: str) -> Json:
    user = world.users.get(iam_id)
    if user is not None:
        return _user_claims(user)
    robot: Entity | None = world.service_id_of(iam_id) or world.profile_of(iam_id)
    if robot is None:
        raise Refusal(400, "The identity of the API key does not exist any more.", "BXNIM0102E")
    subject = {"sub": robot.id, "sub_type": SUBJECT_TYPES[robot.kind], "name": robot.name}
    return {
        "realmid": "iam",
        "identifier": robot.id,
        **subject,
        "authn": {"iam_id": iam_id, **subject},
    }


@functools.lru_cache(maxsize=256)
def _signed(claims: str) -> str:
    # Worlds with a seeded source of chance mint the same token again, and signing costs more than the rest of a log-in.
    return jwt.encode(json.loads(claims), _signing_key(), "RS256", headers={"kid": SIGNING_KEY_ID})


@functools.lru_cache(maxsize=256)
def _verified_claims(token: str) -> Json:
    # A run sends the same token with each request; whether it is still valid is looked at each time.
    claims: Json = jwt.decode(token, _signing_key().public_key(), algorithms=["RS256"], options=UNTIMED)
    return claims


def _user_claims(user: User) -> Json:
    given_name, _space, family_name = user.name.partition(" ")
    return {
        "realmid": "IBMid",
        "identifier": user.iam_id.removeprefix("IBMid-"),
        "given_name": given_name,
        "family_name": family_name,
        "name": user.name,
        "email": user.email,
        "sub": user.email,
        "authn": {"sub": user.email, "iam_id": user.iam_id, "name": user.name, "email": user.email},
    }


def caller_of(clock: Clock, authorization: str | None) -> Caller:
    """Who holds the token of an Authorization header; 401 unless it is valid now."""
    scheme, _space, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(401, "No bearer token was provided.", "BXNIM0308E")
    try:
        return holder_of(clock, token)
    except jwt.ExpiredSignatureError:
        raise Refusal(401, "The provided access token is expired.") from None
    except jwt.InvalidTokenError:
        raise Refusal(401, "The provided access token is invalid.") from None


def holder_of(clock: Clock, token: str) -> Caller:
    """Whom a bearer token stands for; raises jwt.ExpiredSignatureError, and jwt.InvalidTokenError for nonsense."""
    claims = _verified_claims(token)
    if clock.now() >= claims["exp"]:
        raise jwt.ExpiredSignatureError
    return Caller(claims["iam_id"], claims["account"]["bss"], claims["emulator_key_id"])
