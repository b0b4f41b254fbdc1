"""HTTP Digest (RFC 7616): MD5, SHA-256 and SHA-512/256, their session forms, qop auth and auth-int."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth.base import Auth, Headers, Refusal, Surroundings, register
from tieline.connectors.runtime.request import Request

# The strongest first (RFC 7616 section 3.7).
_ALGORITHMS: Final = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_PAIR: Final = re.compile(r'([A-Za-z0-9_*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME: Final = re.compile(
    r"(?:^|[,\s])(Basic|Bearer|Digest|Negotiate|NTLM|OAuth)\s+(?=[A-Za-z0-9_*-]+\s*=)", re.IGNORECASE
)
_NONCES: Final = 64
_ANSWERS: Final = "answers "  # before the nonce of the challenge that a request is to answer


class Challenge(Struct):
    """One nonce of a server, how often it was used, and the client nonce of its session."""

    realm: str
    nonce: str
    opaque: str | None
    algorithm: str
    qop: str
    stale: bool
    userhash: bool
    count: int = 0
    cnonce: str = ""


@register("digest")
class Digest(Auth):
    """A nonce is used for all further requests, with its counter, until the server calls it stale."""

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        self._challenge: Challenge | None = None
        self._known: dict[str, Challenge] = {}  # the last nonces

    async def apply(self, request: Request) -> None:
        user = self.answer("username", "user", "login", at=0)
        password = self.answer("password", "secret", at=1, required=False)
        mine = request.credential.removeprefix(_ANSWERS) if request.credential.startswith(_ANSWERS) else ""
        challenge = self._known.get(mine) or self._challenge
        request.secret_headers.add("authorization")
        if challenge is None:
            request.headers.pop("authorization", None)
            return
        challenge.count += 1
        request.credential = challenge.nonce
        request.set_header("authorization", "Digest " + _answer(challenge, request, user, password))

    async def refused(self, request: Request, message: str, headers: Headers) -> Refusal:
        """Answer the challenge; one that was answered freshly and is not called stale means wrong credentials."""
        found = challenge_of(headers)
        if found is None:
            return ""
        used = self._known.get(request.credential) if "authorization" in request.headers else None
        if used is not None and used.count <= 1 and not found.stale:
            return ""
        while len(self._known) >= _NONCES:
            self._known.pop(next(iter(self._known)))
        self._challenge = self._known[found.nonce] = found
        request.credential = _ANSWERS + found.nonce
        return "replaced"


def challenge_of(headers: Headers) -> Challenge | None:
    """The best Digest challenge among all WWW-Authenticate headers; None where there is none that we can answer."""
    getall: Any = getattr(headers, "getall", None)
    given = getall("WWW-Authenticate", []) if getall is not None else [headers.get("WWW-Authenticate", "")]
    found: list[tuple[int, Challenge]] = []
    for value in given:
        marks = list(_SCHEME.finditer(value[:16_000]))
        for number, mark in enumerate(marks):
            if mark[1].lower() != "digest":
                continue
            end = marks[number + 1].start() if number + 1 < len(marks) else len(value)
            pairs = {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
                for name, quoted, bare in _PAIR.findall(value[mark.end() : end])
            }
            algorithm = pairs.get("algorithm", "MD5")
            base = algorithm.upper().removesuffix("-SESS")
            offered = [one.strip().lower() for one in pairs.get("qop", "").split(",") if one.strip()]
            qop = next((one for one in ("auth", "auth-int") if one in offered), "")
            if base not in _ALGORITHMS or not pairs.get("nonce") or (offered and not qop):
                continue
            challenge = Challenge(
                realm=pairs.get("realm", ""),
                nonce=pairs["nonce"],
                opaque=pairs.get("opaque"),
                algorithm=algorithm,
                qop=qop,
                stale=pairs.get("stale", "").lower() == "true",
                userhash=pairs.get("userhash", "").lower() == "true",
            )
            found.append((list(_ALGORITHMS).index(base), challenge))
    return min(found, key=lambda one: one[0], default=(0, None))[1]


def _answer(challenge: Challenge, request: Request, user: str, password: str) -> str:
    """The parameters of the Authorization header (RFC 7616 section 3.4)."""
    kind = _ALGORITHMS[challenge.algorithm.upper().removesuffix("-SESS")]

    def hashed(*parts: str | bytes) -> str:
        data = b":".join(part.encode() if isinstance(part, str) else part for part in parts)
        return hashlib.new(kind, data, usedforsecurity=False).hexdigest()

    session = challenge.algorithm.upper().endswith("-SESS")
    if not challenge.cnonce or not session:
        challenge.cnonce = secrets.token_urlsafe(18)
    cnonce, count = challenge.cnonce, f"{challenge.count:08x}"
    query = "&".join([pair for _, pair in request.query])
    uri = (request.path or "/") + (f"?{query}" if query else "")
    ha1 = hashed(user, challenge.realm, password)
    if session:
        ha1 = hashed(ha1, challenge.nonce, cnonce)
    ha2 = (
        hashed(request.method, uri, hashed(request.whole_body()))
        if challenge.qop == "auth-int"
        else hashed(request.method, uri)
    )
    response = (
        hashed(ha1, challenge.nonce, count, cnonce, challenge.qop, ha2)
        if challenge.qop
        else hashed(ha1, challenge.nonce, ha2)
    )
    parts = []
    if challenge.userhash:
        parts += [f'username="{hashed(user, challenge.realm)}"', "userhash=true"]
    elif user.isascii():
        parts.append(f"username={_quoted(user)}")
    else:
        parts.append(f"username*=UTF-8''{quote(user, safe='')}")
    parts += [
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(uri)}",
        f'response="{response}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    if challenge.qop:
        parts += [f"qop={challenge.qop}", f"nc={count}", f'cnonce="{cnonce}"']
    elif session:
        parts.append(f'cnonce="{cnonce}"')
    return ", ".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
