# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bearer tokens: RS256 JWTs with the claims that IBM documents, checked against the emulator's clock."""

from __future__ import annotations

import functools

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

from .messages import Json
from .refusals import Refusal
from .world import Caller, World

ISSUER = "https://iam.cloud.ibm.com/identity"
SIGNING_KEY_ID = "20260101000000"
SCOPE = "ibm openid"
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


def mint_token(world: World, iam_id: str, grant_type: str) -> Json:
    """The whole answer to a log-in of this identity."""
    issued_at = int(world.clock.now())
    lifetime_seconds = world.settings.access_token_lifetime_seconds
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
    }
    return {
        "access_token": jwt.encode(claims, _signing_key(), "RS256", headers={"kid": SIGNING_KEY_ID}),
        "refresh_token": "not_supported",
        "token_type": "Bearer",
        "expires_in": lifetime_seconds,
        "expiration": issued_at + lifetime_seconds,
        "scope": SCOPE,
    }


def _identity_claims(world: World, iam_id: str) -> Json:
    service_id = world.service_id_of(iam_id)
    if service_id is None:
        email = "first.user@example.com"
        return {
            "realmid": "IBMid",
            "identifier": iam_id.removeprefix("IBMid-"),
            "given_name": "First",
            "family_name": "User",
            "name": "First User",
            "email": email,
            "sub": email,
            "authn": {"sub": email, "iam_id": iam_id, "name": "First User", "email": email},
        }
    subject = {"sub": service_id.id, "sub_type": "ServiceId", "name": service_id.name}
    return {
        "realmid": "iam",
        "identifier": service_id.id,
        **subject,
        "authn": {"iam_id": iam_id, **subject},
    }


@functools.lru_cache(maxsize=64)
def _verified_claims(token: str) -> Json:
    # A run sends the same token with each request; whether it is still valid is looked at each time.
    claims: Json = jwt.decode(token, _signing_key().public_key(), algorithms=["RS256"], options=UNTIMED)
    return claims


def caller_of(world: World, authorization: str | None) -> Caller:
    """Who holds the token of an Authorization header; 401 unless it is valid now."""
    scheme, _space, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(401, "No bearer token was provided.", "BXNIM0308E")
    try:
        claims = _verified_claims(token)
    except jwt.InvalidTokenError:
        raise Refusal(401, "The provided access token is invalid.") from None
    if world.clock.now() >= claims["exp"]:
        raise Refusal(401, "The provided access token is expired.")
    return Caller(claims["iam_id"], claims["account"]["bss"])
