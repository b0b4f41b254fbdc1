"""Authentication that a document does not declare but shows: key parameters, Authorization headers, 401 answers."""

from __future__ import annotations

import re
from collections import Counter

from tieline.connectors.importers.classify.auth import api_key, header_value
from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.description import Description, Operation, Param
from tieline.connectors.manifest.model import AuthMethod, Fact

_KEYS = frozenset(
    "apikey xapikey apitoken xapitoken accesstoken authtoken xauthtoken xaccesstoken subscriptionkey "
    "ocpapimsubscriptionkey appkey xapikeyid apiaccesskey authkey xauthkey securitytoken xtoken secretkey "
    "xappkey apisecret licensekey accesskey xapikeytoken oauthtoken".split()
)
_ENDINGS = (
    "apikey",
    "apitoken",
    "accesskey",
    "authtoken",
    "accesstoken",
    "secretkey",
    "subscriptionkey",
    "appkey",
    "apisecret",
)
_MAYBE = frozenset("token key appid auth".split())
_SAYS_KEY = re.compile(
    r"\bapi[- ]?key\b|\bauth\w*\b|\bcredential|\byour (?:secret |access )?(?:key|token)\b", re.IGNORECASE
)


def infer_auth(description: Description, operations: list[Operation]) -> None:
    """Take credentials out of the parameters; where nothing is declared, make methods of what is found there."""
    if description.auth:
        _drop_declared(description, operations)
        return
    counts: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], tuple[Param, Operation]] = {}
    for operation in operations:
        for param in operation.params:
            if param.location in ("header", "query", "cookie") and _is_credential(param):
                spot: tuple[str, str] = (param.location, param.name)
                counts[spot] += 1
                example.setdefault(spot, (param, operation))
    enough = max(1, len(operations) // 2)
    for place, count in counts.most_common(3):
        if count < enough:
            continue
        param, _ = example[place]
        method = _method(param)
        method.facts["kind"] = Fact(
            evidence=[param.pointer],
            confidence=0.6,
            note=f"{count} of {len(operations)} operations take it as a parameter",
        )
        method.id = (
            method.kind
            if method.kind not in {one.id for one in description.auth}
            else f"{method.kind}_{len(description.auth) + 1}"
        )
        description.auth.append(method)
    if description.auth:
        _drop_declared(description, operations)
    elif _refuses(operations):
        method = header_value("bearer")
        evidence = next(answer.pointer for one in operations for answer in one.answers if answer.status == "401")
        method.facts["kind"] = Fact(
            evidence=[evidence], confidence=0.3, note="answers with 401 are documented, how to authenticate is not"
        )
        description.auth.append(method)


def _is_credential(param: Param) -> bool:
    word = plain(param.name)
    if param.location == "header" and (word == "authorization" or word.endswith(_ENDINGS)):
        return True
    return word in _KEYS or (word in _MAYBE and bool(_SAYS_KEY.search(param.description)))


def _method(param: Param) -> AuthMethod:
    if param.location == "header" and plain(param.name) == "authorization":
        return header_value(param.description or "bearer")
    return api_key(param.location, param.name, param.description)


def _drop_declared(description: Description, operations: list[Operation]) -> None:
    """What the connection sends is not asked for with every block."""
    sent = {(one.location, one.name.lower()) for one in description.auth if one.kind == "api_key"}
    sent |= {(field.location, field.name.lower()) for one in description.auth for field in one.fields if field.name}
    for operation in operations:
        operation.params = [
            param
            for param in operation.params
            if (param.location, param.name.lower()) not in sent and not _is_credential(param)
        ]


def _refuses(operations: list[Operation]) -> bool:
    refusing = sum(1 for one in operations if any(answer.status == "401" for answer in one.answers))
    return bool(operations) and refusing * 2 >= len(operations)
