"""How deliveries prove where they come from: a dialect and its settings, from headers and prose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tieline.connectors.importers.classify.webhook_facts import Conclusion, Said, joined
from tieline.connectors.importers.classify.webhook_facts_template import template_in

_KNOWN = {
    "stripe-signature": "stripe",
    "x-slack-signature": "slack",
    "x-shopify-hmac-sha256": "shopify",
    "x-hubspot-signature-v3": "hubspot",
    "x-zendesk-webhook-signature": "zendesk",
    "x-zm-signature": "zoom",
    "linear-signature": "linear",
    "calendly-webhook-signature": "calendly",
    "paddle-signature": "paddle",
    "x-twilio-signature": "twilio",
    "x-hub-signature-256": "meta",
    "svix-signature": "svix",
}
_HEADER = re.compile(
    r"(?<![\w./-])(?P<name>[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+|Signature(?=[`'\"]? header))(?![\w-])"
)
_SIGNING = re.compile(r"signature|hmac|(?:^|-)sign?(?:$|-)|digest", re.IGNORECASE)
_NO_HEADER = re.compile(r"^(?:hmac-?sha|sha-|pre-|re-|base-?64|sign-(?:up|in|on|off)|x-amz-|well-)", re.IGNORECASE)
_STAMP = re.compile(r"timestamp|(?:^|-)(?:time|ts)(?:$|-)|sent-at|signed-at", re.IGNORECASE)
_ID = re.compile(r"(?:delivery|message|msg|event|notification|idempotency)(?:-?(?:id|uuid|key|guid))?$", re.IGNORECASE)
_ONE_ID = re.compile(r"(?:^|-)id$", re.IGNORECASE)
_NAMES_MESSAGE = re.compile(
    r"uniq|same (?:for|on|when|across)|identif\w* (?:the|this|of|a|each) ?\w* ?(?:deliver|message|event"
    r"|notif)|dedup|idempot|deliver",
    re.IGNORECASE,
)
_ALGORITHM = (
    re.compile(
        r"hmac[-_ (:,]*(?:using |with |the |algorithm |hex |digest ){0,3}[`'\"]?sha-?_?(?P<bits>1|256|384|512)\b",
        re.IGNORECASE,
    ),
    re.compile(r"(?:hash_hmac|createHmac|algorithm|Digest)\W{1,8}sha-?_?(?P<bits>1|256|384|512)\b", re.IGNORECASE),
    re.compile(r"sha-?_?(?P<bits>1|256|384|512)(?![\w])", re.IGNORECASE),
)
_KEYED = re.compile(
    r"(?:base64[- ]?url|base64|hex)(?:[- ](?:en|de)cod\w+)?(?: part of)?(?: the| your)?(?: signing"
    r"| webhook)? (?:secret|key)\b"
    r"|(?:base64|hex)[- ](?:part|decod\w+) (?:of )?(?:the |your )?(?:signing )?(?:secret|key)"
    r"|decod\w+ (?:the |your )?(?:signing |webhook )?(?:secret|key)(?: from (?P<from>base64|hex))?"
    r"|(?:secret|key)[^.]{0,30}(?:is|must be) (?P<is>base64|hex)[- ]?(?:en|de)cod",
    re.IGNORECASE,
)
_ENCODING = re.compile(r"base64[- ]?url|url[- ]?safe base64|base ?64|\bhex", re.IGNORECASE)
_PREFIX = re.compile(r"(?<![\w-])(?P<prefix>sha-?(?:1|256|384|512)=|hmac=|v0=)")
_PAIRS = re.compile(
    r"(?<![\w-])(?P<a>\w{1,12})=(?P<x>[^\s,;=`]{1,80})(?P<cut>[,;])\s?(?P<b>\w{1,12})=(?P<y>[^\s,;=`]{1,100})"
)
_TIMES = frozenset(("t", "ts", "time", "timestamp"))
_TOLERANCE = re.compile(
    r"(?:older|more|longer|greater|within|than|last)\s(?:than\s)?(?:an?\s)?(?P<count>\d{1,4}|five"
    r"|ten)\s?(?P<unit>seconds?|minutes?|s\b|min)",
    re.IGNORECASE,
)
_ASYMMETRIC = re.compile(r"\bRSA\b|\bECDSA\b|ed25519|public key|x\.?509|\bRS256\b|\bES256\b", re.IGNORECASE)
_BASIC = re.compile(r"\bbasic (?:auth|http)|http basic|`Authorization: Basic", re.IGNORECASE)
_JWT = re.compile(r"\bJWTs?\b|JSON web token", re.IGNORECASE)
_BEARER = re.compile(r"`?Authorization`?:? ?`?Bearer|bearer token", re.IGNORECASE)
_SENDS = re.compile(
    r"deliver|we (?:send|call|post|include|add)|(?:is|are|be|will be) (?:sent|included|passed|added)"
    r"|each (?:request|call"
    r"|notification|event)|every (?:request|call|notification|event)|webhook|callback|notification",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"token|secret|verification|auth-?key|api-?key|passw", re.IGNORECASE)
_EQUALS = re.compile(
    r"(?:same|equal|match|compare|contains?|carr(?:y|ies)|holds?|with|include\w*|sent|send\w*|pass\w*"
    r"|set to|value)[^.\n]{0,80}"
    r"(?:secret|token|key|password)|(?:secret|token|key|password)[^.\n]{0,80}(?:sent|included|passed"
    r"|returned|carried|back|header)",
    re.IGNORECASE,
)


def verification_in(headers: Mapping[str, str], saids: list[Said], at: str) -> Conclusion | None:
    """The verification of an event with these delivery headers (name -> what is said of it), None without a sign."""
    names = {name.lower(): name for name in headers}
    for name in headers:
        if _SIGNING.search(name) and not _NO_HEADER.search(name):
            return _signed(name, [*names.values()], headers, joined(saids), at, 0.95)
    for index, said in enumerate(saids):
        found = _headers_in(said.text)
        for name in sorted((one for one in found if _SIGNING.search(one)), key=lambda one: "256" not in one):
            near = joined([said, *(one for one in saids[index + 1 :] if name.lower() in one.text.lower())])
            return _signed(name, list(dict.fromkeys([*found, *headers])), headers, near, said.at, 0.9)
    return _plain(headers, saids, at)


def _headers_in(text: str) -> list[str]:
    names = dict.fromkeys(match["name"] for match in _HEADER.finditer(text))
    return [
        one
        for one in names
        if not _NO_HEADER.search(one)
        and (one.lower().startswith("x-") or re.search("signature|hmac|timestamp|webhook-id", one, re.IGNORECASE))
    ]


def _signed(
    name: str, around: list[str], headers: Mapping[str, str], text: str, at: str, sure: float
) -> Conclusion | None:
    lower = {one.lower() for one in around}
    note = f"deliveries carry the header {name}"
    stem = name[: -len("-signature")].lower() if name.lower().endswith("-signature") else ""
    if (
        stem
        and {f"{stem}-id", f"{stem}-timestamp"} <= lower
        and (stem in ("webhook", "svix") or re.search(r"standard webhooks|\bsvix\b|\bv1,", text, re.IGNORECASE))
    ):
        known: dict[str, Any] = {"dialect": {"webhook": "standard", "svix": "svix"}.get(stem, "standard")}
        if stem not in ("webhook", "svix"):
            known["prefix"] = stem
        return Conclusion({"verification": known}, sure, at, note)
    if stem == "webhook" and re.search(r"standard webhooks", text, re.IGNORECASE):
        return Conclusion({"verification": {"dialect": "standard"}}, sure, at, note)
    if name.lower() in _KNOWN:
        dialect = _KNOWN[name.lower()]
        if dialect == "meta" and "x-github-delivery" in {*lower, *(one.lower() for one in headers)}:
            dialect = "github"
        return Conclusion({"verification": {"dialect": dialect}}, sure, at, note)
    text = f"{text}\n\n{headers.get(name, '')}"
    if _ASYMMETRIC.search(text) and not re.search("hmac", f"{name} {text}", re.IGNORECASE):
        ask = f"the header {name} is signed with a private key, which Tieline cannot check; they are taken unsigned"
        return Conclusion({}, 0.3, at, note, ask)
    return _hmac(name, around, headers, text, at, sure, note)


def _hmac(
    name: str, around: list[str], headers: Mapping[str, str], text: str, at: str, sure: float, note: str
) -> Conclusion:
    spelled = re.sub(r"<([^<>\n]{1,40})>", lambda match: "<" + re.sub(r"\W+", "_", match[1]) + ">", text)
    spelled = re.sub(r"\{([^{}\n]{1,40})\}", lambda match: "{" + re.sub(r"\W+", "_", match[1]) + "}", spelled)
    settings: dict[str, Any] = {"dialect": "hmac", "header": name}
    missing: list[str] = []
    value = _example(name, spelled)
    algorithm = _algorithm(name, text, value)
    if algorithm is None:
        missing.append("the algorithm")
        if re.search(r"\bmd5\b", text, re.IGNORECASE):
            return Conclusion(
                {}, 0.3, at, note, f"the header {name} holds an MD5, which proves nothing; they are taken unsigned"
            )
    elif algorithm != "sha256":
        settings["algorithm"] = algorithm
    stamps = [one for one in around if _STAMP.search(one)]
    ids = _ids(around, headers, text)
    value = _shaped(settings, spelled, value)
    paired = "pairs" in settings
    encoding = _encoding(text, value)
    if encoding is None:
        missing.append("whether it is written as hex or base64")
    elif encoding != "hex":
        settings["encoding"] = encoding
    template = template_in(text, timestamps=stamps, ids=ids)
    if not template:
        missing.append("what exactly is signed")
        template = "{timestamp}.{body}" if paired or stamps else "{body}"
    if "{id}" in template and not ids:
        missing.append("where the id stands that is signed")
    if template != "{body}":
        settings["template"] = template
    if "{timestamp}" in template:
        _stamped(settings, paired, stamps, headers, spelled, missing)
    if ids:
        settings["id_header"] = ids[0]
    keyed = _KEYED.search(text)
    said = (keyed["from"] or keyed["is"] or keyed[0]).lower() if keyed is not None else ""
    if coded := next((one for one in ("base64", "hex") if one in said), ""):
        settings["key_encoding"] = coded
    ask = ""
    if missing:
        sure = max(0.3, sure - 0.2 * len(missing))
        unsaid = " and ".join(missing)
        ask = f"the document names the signature header {name}, but does not say {unsaid}; check `verification`"
    return Conclusion({"verification": settings}, round(sure, 2), at, note, ask)


def _shaped(settings: dict[str, Any], text: str, value: str) -> str:
    """Whether the header is a list of pairs, or begins with a prefix; what is left is the signature alone."""
    pairs = next((one for one in _PAIRS.finditer(text) if _TIMES & {one["a"].lower(), one["b"].lower()}), None)
    if pairs is not None:
        first = pairs["a"].lower() in _TIMES
        settings["pairs"] = pairs["cut"]
        settings["timestamp_key"] = pairs["a"] if first else pairs["b"]
        settings["signature_key"] = pairs["b"] if first else pairs["a"]
        return pairs["y"] if first else pairs["x"]
    if (prefix := _PREFIX.search(f"{value}\n{text}")) is not None:
        settings["prefix"] = prefix["prefix"]
        return value.removeprefix(prefix["prefix"])
    return value


def _stamped(
    settings: dict[str, Any], paired: bool, stamps: list[str], headers: Mapping[str, str], text: str, missing: list[str]
) -> None:
    """Where the time stands, how it is written, and how old it may be."""
    if not paired:
        if not stamps:
            missing.append("in which header the time stands")
        else:
            settings["timestamp_header"] = stamps[0]
    near = text
    if stamps and not paired:
        windows = [text[match.start() : match.end() + 120] for match in re.finditer(re.escape(stamps[0]), text)]
        near = " ".join([*windows, headers.get(stamps[0], "")])
    if re.search(r"millisecond|\b1[5-9]\d{11}\b", near, re.IGNORECASE):
        settings["timestamp_unit"] = "ms"
    elif re.search(r"ISO[- ]?8601|RFC[- ]?3339|\b20\d\d-\d\d-\d\dT", near, re.IGNORECASE):
        settings["timestamp_unit"] = "iso"
    if (told := _TOLERANCE.search(text)) is not None:
        count = {"five": 5, "ten": 10}.get(told["count"].lower()) or int(told["count"])
        seconds = count * (60 if told["unit"].lower().startswith("m") else 1)
        if 30 <= seconds <= 3600 and seconds != 300:
            settings["tolerance"] = float(seconds)


def _example(name: str, text: str) -> str:
    """What the text writes behind the header's name."""
    found = re.search(rf"{re.escape(name)}[`'\"]*\s*[:=]\s*[`'\"]*(?P<value>[^\s`'\"]{{4,200}})", text, re.IGNORECASE)
    return found["value"] if found is not None else ""


def _algorithm(name: str, text: str, value: str) -> str | None:
    if (told := re.search(r"sha-?(1|256|384|512)", name, re.IGNORECASE)) is not None:
        return f"sha{told[1]}"
    for pattern in _ALGORITHM:
        if (match := pattern.search(text)) is not None:
            return f"sha{match['bits']}"
    length = len(value.rpartition("=")[2]) if re.fullmatch(r"(?:\w+=)?[0-9a-f]+", value) else 0
    return {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}.get(length)


def _encoding(text: str, value: str) -> str | None:
    told = _ENCODING.search(_KEYED.sub(" ", text))
    if told is not None:
        word = told[0].lower().replace(" ", "").replace("-", "")
        return "base64url" if "url" in word else "base64" if "64" in word else "hex"
    if re.fullmatch(r"[0-9a-f]{40,128}", value):
        return "hex"
    return "base64" if re.fullmatch(r"[A-Za-z0-9+/]{26,90}={1,2}", value) else None


def _ids(around: list[str], headers: Mapping[str, str], text: str) -> list[str]:
    """Headers that name the message itself; one that names the subscription would make all messages one."""
    found: list[str] = []
    for one in around:
        windows = [text[match.end() : match.end() + 90] for match in re.finditer(re.escape(one), text)]
        said = f"{headers.get(one, '')} {' '.join(windows)}"
        if re.search(r"hook-id|subscription|request-id|event-type|event-name", one, re.IGNORECASE):
            continue
        strong = re.search(
            r"delivery|message-?id|msg-?id|event-?(?:id|uuid)|notification-?id|idempotency", one, re.IGNORECASE
        )
        if strong or (
            (_ID.search(one) or _ONE_ID.search(one))
            and not one.lower().endswith("event")
            and _NAMES_MESSAGE.search(said)
        ):
            found.append(one)
    return found


def _plain(headers: Mapping[str, str], saids: list[Said], at: str) -> Conclusion | None:
    """A secret that comes along as it is: in a header, as a password, or as a token."""
    for name, said in headers.items():
        if name.lower() == "authorization" and _BASIC.search(said):
            return Conclusion(
                {"verification": {"dialect": "basic"}}, 0.85, at, "deliveries carry HTTP Basic credentials"
            )
        if name.lower() == "authorization" or (_TOKEN.search(name) and "csrf" not in name.lower()):
            return _token(name, f"{said}\n{joined(saids)}", at, 0.85 if _EQUALS.search(said) else 0.7)
    for one in saids:
        for sentence in re.split(r"(?<=[\w)`'\">])[.;]\s+(?=[A-Z`*])|\n\s*\n", one.text):
            found = _spoken(sentence, one)
            if found is not None:
                return found
    return None


def _spoken(sentence: str, said: Said) -> Conclusion | None:
    if not _SENDS.search(f"{sentence} {said.at if 'hook' in said.at else ''}"):
        return None
    if _BASIC.search(sentence):
        return Conclusion(
            {"verification": {"dialect": "basic"}}, 0.75, said.at, "deliveries carry HTTP Basic credentials"
        )
    names = [match["name"] for match in _HEADER.finditer(sentence) if _TOKEN.search(match["name"])]
    names = [name for name in names if name.lower().startswith("x-") or f"`{name}`" in sentence]
    if names and _EQUALS.search(sentence.replace(names[0], "header")):
        return _token(names[0], sentence, said.at, 0.8)
    if _BEARER.search(sentence) or ("`Authorization`" in sentence and _EQUALS.search(sentence)):
        return _token("Authorization", sentence, said.at, 0.75)
    return None


def _token(name: str, text: str, at: str, sure: float) -> Conclusion:
    note = f"deliveries carry the secret in the header {name}"
    if _JWT.search(text):
        algorithm = re.search(r"\b[HRPE]S(?:256|384|512)\b", text)
        if algorithm is not None and algorithm[0] in ("HS256", "HS384", "HS512"):
            settings = {"dialect": "jwt", "header": name, "algorithm": algorithm[0]}
            if name.lower() != "authorization" and not _BEARER.search(text):
                settings["prefix"] = ""
            return Conclusion({"verification": settings}, 0.75, at, f"deliveries carry a JSON Web Token in {name}")
        ask = f"the header {name} holds a JSON Web Token, but not how it is signed; they are taken unsigned"
        return Conclusion({}, 0.3, at, note, ask)
    settings = {"dialect": "token", "header": name}
    if _BEARER.search(text) and name.lower() == "authorization":
        settings["prefix"] = "Bearer "
    return Conclusion({"verification": settings}, sure, at, note)
