"""Private keys for methods that sign, made once for a process and good for nothing else."""

from __future__ import annotations

import re
from functools import lru_cache

from tieline.connectors.manifest.model import AuthMethod

_KEYS = ("private_key", "signing_key", "key")


def names_in(method: AuthMethod) -> list[str]:
    """The fields of a method that hold a private key; empty where it signs with a shared secret or not at all."""
    if method.signature.upper().startswith(("HS", "HMAC", "PLAIN")):
        return []
    signs = method.kind == "jwt_bearer" or "jwt_bearer" in method.grants or method.client_auth == "private_key_jwt"
    asymmetric = method.signature.upper().startswith(("RS", "PS", "ES", "ED"))
    if not signs and not asymmetric:
        return []
    declared = [field.id for field in method.fields if field.secret]
    wanted = re.findall(r"\{\s*([A-Za-z_][\w-]*)", method.key) or [name for name in _KEYS if name in declared]
    if not wanted and asymmetric:
        wanted = declared[:1]
    return [name for name in wanted if name in declared]


@lru_cache(maxsize=8)
def pem(algorithm: str) -> str:
    """A private key (PKCS #8) for a JWS algorithm or an OAuth 1.0 signature method; RSA where none is named."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    kind = algorithm.upper()
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    if kind in curves:
        key = ec.generate_private_key(curves[kind])
    elif kind == "EDDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
