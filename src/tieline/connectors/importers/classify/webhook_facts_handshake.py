"""How a vendor asks first whether the address is ours, from what his document says."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.classify.webhook_facts import Conclusion, Said

_QUERY = re.compile(r"\b(?P<name>validationToken|validation_token|hub\.challenge|hub_challenge|challenge)\b")
_AS_QUERY = re.compile(r"query|\bGET\b|parameter|\?\w+=", re.IGNORECASE)
_ECHO = re.compile(
    r"\b(?:echo|return|respond|repl(?:y|ies)|answer|send back|sent back|repeat|reflect)\w*\b", re.IGNORECASE
)
_BODY = re.compile(r"\bchallenge\b", re.IGNORECASE)
_HEADER = re.compile(r"\b(?P<name>X-(?=[A-Za-z-]{0,60}(?:Hook|Challenge|Handshake))[A-Za-z-]{2,80})(?![\w-])")
_SHAKE = re.compile(r"handshake|echo|send(?:s|ing)? back|same (?:header|value)|respond|return", re.IGNORECASE)
_TYPE = re.compile(r"[`\"']?type[`\"']?\s*[:=]\s*[`\"'](?P<value>[\w.:-]{3,60})[`\"']")
_ALIVE = re.compile(
    r"(?:sends?|make|issue)s? an? [`']?(?:GET|HEAD)[`']? (?:request )?to (?:your|the) (?:\w+ )?(?:url"
    r"|endpoint|address)",
    re.IGNORECASE,
)
_TOKEN = ("hub.verify_token", "verify_token", "hub_verify_token")


def handshake_in(saids: list[Said], inputs: dict[str, str]) -> Conclusion | None:
    """The handshake, None where none is described. ``inputs``: ids of the subscribing block by plain name."""
    for said in saids:
        for paragraph in re.split(r"\n\s*\n", said.text):
            settings = _read(paragraph, inputs)
            if settings is not None:
                sure = 0.85 if settings["kind"] != "alive" else 0.7
                return Conclusion({"handshake": settings}, sure, said.at, "the text describes the check of the address")
    return None


def _read(text: str, inputs: dict[str, str]) -> dict[str, Any] | None:
    echoed = bool(_ECHO.search(text))
    header = _HEADER.search(text)
    if header is not None and _SHAKE.search(text) and re.search("secret|handshake", header["name"], re.IGNORECASE):
        return {"kind": "header", "header": header["name"]}
    query = _QUERY.search(text)
    in_query = bool(_AS_QUERY.search(text)) and not re.search(r"\bJSON\b|\bbody\b|\bPOST\b", text)
    if query is not None and echoed and (query["name"] != "challenge" or in_query):
        settings: dict[str, Any] = {"kind": "query", "param": query["name"]}
        spoken = next((name for name in _TOKEN if name in text), "")
        own = next((inputs[word] for word in ("verifytoken", "hubverifytoken") if word in inputs), "")
        if spoken and own:
            settings |= {"token_param": spoken, "token_input": own}
        return settings
    if _BODY.search(text) and echoed and re.search(r"\bPOST|\bJSON\b|\bbody\b|url_verification|field", text):
        kind = _TYPE.search(text)
        settings = {"kind": "challenge"}
        if kind is not None and kind["value"] != "url_verification":
            settings |= {"when": {"$.type": kind["value"]}}
        elif kind is None and "url_verification" not in text:
            settings |= {"when": {}}
        if re.search(r"\{\s*[\"']?challenge[\"']?\s*:|(?:as|in|with) (?:a )?JSON|JSON (?:object|body|response)", text):
            settings |= {"answer": "json"}
        return settings
    return {"kind": "alive"} if _ALIVE.search(text) else None
