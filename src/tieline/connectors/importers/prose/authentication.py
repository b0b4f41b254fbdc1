"""How a connection authenticates, from what the document says and from what its examples send."""

from __future__ import annotations

import re
from collections import Counter

from tieline.connectors.importers.classify.auth import api_key, basic, bearer, digest, method_id, secret
from tieline.connectors.importers.prose.auth_oauth import OAuthFinder
from tieline.connectors.importers.prose.auth_said import Auth, Said
from tieline.connectors.importers.prose.drafts import Draft
from tieline.connectors.importers.prose.items import Item, Place, plain_text
from tieline.connectors.importers.prose.shell import Sample
from tieline.connectors.manifest.model import AuthMethod, Input, Location

_HEADER_LINE = re.compile(
    r"(?<![\w-])(?P<name>Authorization"
    r"|(?:X-)?[A-Za-z][\w]{0,30}(?:-[\w]{1,30}){0,4})\s{0,2}:\s{0,2}[\"'`]?(?P<value>[^\n\"'`]{1,200})"
)
_KEY_NAME = re.compile(
    r"(?:^|-)(?:api-?(?:key|token|secret)|auth(?:-?(?:key|token))?|access-?(?:key|token)|token|key|secret"
    r"|subscription-?key|app-?key|apikey|session)(?:$|-)",
    re.IGNORECASE,
)
_KEY_PARAM = re.compile(
    r"(?:api|access|auth|app|subscription|secret)?[_-]?(?:key|token)|apikey|api_?secret|signature_key|access_?token"
    r"|auth",
    re.IGNORECASE,
)
_HEADER_SAID = (
    re.compile(
        r"\b(?:headers?|kopfzeile|kop|en-tête)\W{1,6}(?:named |called |field |namens |nommé |names "
        r")?[`\"'“]?(?P<name>[A-Za-z][\w]*(?:-[\w]+)+|apikey|token|Authorization)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"[`\"'“]?(?P<name>[A-Za-z][\w]*(?:-[\w]+)+|Authorization)[`\"'”]?[ -](?:HTTP |request )?(?:headers?"
        r"|kopfzeile|header-feld)\b",
        re.IGNORECASE,
    ),
)
_QUERY_SAID = (
    re.compile(
        r"\b(?:query(?: string)?|url)\b[^.\n]{0,40}?\bparam\w*\W{1,6}(?:named |called "
        r")?[`\"'“]?(?P<name>[A-Za-z_][\w-]{1,30})\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"[`\"'“](?P<name>[A-Za-z_][\w-]{1,30})=?[`\"'”]\s?(?:as (?:a |an )?)?(?:in (?:the )?)?(?:query|url)(?: "
        r"string)?(?: param\w*)?",
        re.IGNORECASE,
    ),
    re.compile(r"[?&](?P<name>[A-Za-z_][\w-]{1,30})="),
    re.compile(
        r"[`\"'“]?(?P<name>\w*(?:key|token)\w*)[`\"'”]?\s(?:query|url|request|GET)\s?(?:string )?param\w*",
        re.IGNORECASE,
    ),
)
_WITHOUT_BEARER = re.compile(
    r"\b(?:without|no|not|omit|leave out|ohne|zonder|sans)\b[^.\n]{0,50}\bbearer\b|\bbearer\b[^.\n]{0,30}\b(?:is|must"
    r"|should) not\b",
    re.IGNORECASE,
)
_BASIC = re.compile(
    r"\b(?:http )?basic\b(?: http)?[ -]?auth\w*|\bauth\w*\b[^.\n]{0,40}\bbasic\b|\bbasisauthenti\w*|\bbasic access\b",
    re.IGNORECASE,
)
_DIGEST = re.compile(r"\b(?:http )?digest[ -]?(?:access )?auth\w*|\brfc ?(?:2617|7616)\b", re.IGNORECASE)
_HMAC = re.compile(
    r"\bhmac\b|\bsign (?:each|every|all|your|the) requests?\b|\brequests? (?:must be|are|is) signed\b", re.IGNORECASE
)
_BEARER = re.compile(r"\bbearer\b", re.IGNORECASE)
_NONE = re.compile(
    r"\b(?:no authenti\w+ (?:is )?(?:needed|required|necessary)|does not (?:need|require) authenti\w+|(?:is|are) "
    r"public\b|without (?:any )?authenti\w+|unauthenticated)",
    re.IGNORECASE,
)
_PLACEHOLDERS = re.compile(r"[<{$\[]|your|token|key|secret|xxx|abc|\.\.\.|…", re.IGNORECASE)


def find_auth(items: list[Item], titles: list[str], drafts: list[Draft], origin: str) -> Auth:
    """The auth methods of the document, the surest first. ``titles``: the heading over each item."""
    finder = _Finder(items, titles, drafts, origin)
    return finder.find()


class _Finder(OAuthFinder):
    def find(self) -> Auth:
        oauth = self._oauth2()
        self._oauth1()
        self._digest()
        header = self._authorization(oauth)
        self._keys()
        self._query_keys()
        self._hmac()
        if not self.result.methods and not header:
            self._vague()
        found = self.result.methods
        taken: set[str] = set()
        for method in found:
            method.id = method_id(method.id, taken)
            taken.add(method.id)
        return self.result

    def _authorization(self, oauth: bool) -> bool:
        """The Authorization header, by what most examples send in it."""
        votes: Counter[str] = Counter()
        first: dict[str, Place] = {}
        for sample, place in self.samples:
            value = sample.header("Authorization")
            scheme = "basic" if sample.user is not None and not sample.digest else _scheme(value) if value else ""
            if scheme:
                votes[scheme] += 1
                first.setdefault(scheme, place)
        for one in self.prose:
            for match in _HEADER_LINE.finditer(plain_text(one.text)):
                if match["name"].lower() == "authorization":
                    scheme = _scheme(match["value"])
                    votes[scheme] += 2
                    first.setdefault(scheme, one.place)
        if self._without_bearer():
            return True
        if not votes:
            return self._spoken(oauth)
        scheme, count = votes.most_common(1)[0]
        if not self._by_scheme(scheme, first[scheme], oauth=oauth):
            return bool(self.result.methods)
        for other, number in votes.items():
            if other in ("bearer", "basic") and other != scheme and number * 3 >= count and number > 1:
                self._add(bearer() if other == "bearer" else basic(), first[other], 0.8)
        return True

    def _without_bearer(self) -> bool:
        without = self._first(_WITHOUT_BEARER, prose=True)
        if without is None:
            return False
        said = " ".join(one.text for one in self.prose if not one.code)
        names = [match["name"] for pattern in _HEADER_SAID for match in pattern.finditer(plain_text(said))]
        if names and all(name.lower() != "authorization" for name in names):
            return False
        note = "the token stands alone, without the word Bearer"
        self._add(api_key("header", "Authorization", ""), without.place, 0.9, note)
        return True

    def _by_scheme(self, scheme: str, place: Place, *, oauth: bool) -> bool:
        """The method that the first word of the header tells; False where it is another way of signing."""
        if scheme == "bearer" and oauth:
            return True
        if scheme == "bearer":
            self._add(bearer(self._sentence(place)), place, 0.95)
        elif scheme == "basic":
            told = self._first(_BASIC)
            self._add(basic(), told.place if told else place, 0.95)
        elif scheme == "digest":
            if all(one.kind != "digest" for one in self.result.methods):
                self._add(digest(), place, 0.9)
        elif scheme in ("oauth", "aws4-hmac-sha256", "signature", "hmac"):
            return False
        elif scheme:
            method = api_key("header", "Authorization", "")
            method.prefix = _prefix(self.samples, self.prose, scheme)
            self._add(method, place, 0.9, "what stands before the key is what the examples send")
        else:
            self._add(api_key("header", "Authorization", ""), place, 0.8, "the examples send the key alone")
        return True

    def _spoken(self, oauth: bool) -> bool:
        """No example and no header line: only words."""
        if oauth:
            return True
        if (told := self._first(_BASIC, prose=True)) is not None:
            self._add(basic(), told.place, 0.85)
            return True
        if (told := self._first(_BEARER, prose=True)) is not None:
            self._add(bearer(plain_text(told.text)[:500]), told.place, 0.85)
            return True
        return False

    def _sentence(self, place: Place) -> str:
        near = [one for one in self.prose if not one.code and one.place <= place]
        return plain_text(near[-1].text)[:300] if near and near[-1].place.page == place.page else ""

    def _keys(self) -> None:
        """Keys in headers of their own."""
        votes: Counter[str] = Counter()
        first: dict[str, tuple[Place, str]] = {}
        names: dict[str, str] = {}

        def vote(name: str, place: Place, weight: int) -> None:
            key = name.lower()
            if (
                key == "authorization"
                or not _KEY_NAME.search(name)
                or re.search(r"idempot|request-id|signature|webhook", key)
            ):
                return
            votes[key] += weight
            names.setdefault(key, name)
            first.setdefault(key, (place, name))

        for sample, place in self.samples:
            for name in sample.headers:
                vote(name, place, 1)
        for one in self.prose:
            text = plain_text(one.text)
            for match in _HEADER_LINE.finditer(text):
                vote(match["name"], one.place, 2)
            if not one.code:
                for pattern in _HEADER_SAID:
                    for match in pattern.finditer(text):
                        vote(match["name"], one.place, 3)
        if not votes:
            return
        top = votes.most_common(1)[0][1]
        for key, count in votes.most_common(3):
            if (count < 2 and top >= 2) or count * 5 < top:
                continue
            if any(one.location == "header" and one.name.lower() == key for one in self.result.methods):
                continue
            place, _ = first[key]
            told = next((one for one in self.prose if not one.code and names[key].lower() in one.text.lower()), None)
            method = api_key("header", names[key], "")
            self._add(method, told.place if told else place, 0.95 if count >= 2 else 0.8)

    def _query_keys(self) -> None:
        votes: Counter[str] = Counter()
        first: dict[str, Place] = {}
        for sample, place in self.samples:
            for name, value in sample.query:
                if (
                    _KEY_PARAM.fullmatch(name)
                    and (name.lower() not in ("key", "token", "auth") or _PLACEHOLDERS.search(value))
                    and not re.search(r"page|next|cont", name, re.IGNORECASE)
                ):
                    votes[name] += 1
                    first.setdefault(name, place)
        for one in self.prose:
            text = one.text
            if one.code or not re.search(r"\b(?:query|url|parameter|append)\b|\?", text, re.IGNORECASE):
                continue
            for pattern in _QUERY_SAID:
                for match in pattern.finditer(text):
                    if _KEY_PARAM.fullmatch(match["name"]) and match["name"].lower() not in ("key", "auth"):
                        votes[match["name"]] += 2
                        first.setdefault(match["name"], one.place)
        for name, count in votes.most_common(2):
            if self.result.methods and count < 3:
                continue
            location: Location = "query"
            self._add(api_key(location, name, ""), first[name], 0.92 if count >= 2 else 0.75)

    def _digest(self) -> None:
        told = self._first(_DIGEST)
        shown = next((place for sample, place in self.samples if sample.digest), None)
        if told is not None or shown is not None:
            self._add(digest(), told.place if told is not None else shown or Place(), 0.92)

    def _hmac(self) -> None:
        told = self._first(_HMAC, prose=True)
        if told is None or (
            self.result.methods
            and not re.search(
                r"every request|each request|all requests|requests? (?:must be|are) signed", told.text, re.IGNORECASE
            )
        ):
            return
        if any(one.kind == "oauth1" for one in self.result.methods):
            return
        text = " ".join(one.text for one in self.prose)
        algorithm = re.search(r"\b(?:HMAC[- ]?)?SHA[- ]?(1|256|384|512)\b", text, re.IGNORECASE)
        method = AuthMethod(
            id="hmac", kind="hmac", fields=[Input(id="key", label="Key", required=True), secret("secret", "Secret")]
        )
        method.signature = f"sha{algorithm[1]}" if algorithm else "sha256"
        header = next(
            (
                match["name"]
                for pattern in _HEADER_SAID
                for match in pattern.finditer(plain_text(told.text))
                if "sign" in match["name"].lower()
            ),
            "",
        )
        if header:
            method.location, method.name = "header", header
        self._add(method, told.place, 0.6, "what exactly is signed has to be checked")
        self.result.questions.append(
            (
                (
                    "Requests are signed (HMAC): which parts of the request are signed, in which order, and which "
                    "header "
                    "carries the signature?"
                ),
                str(told.place),
            )
        )

    def _vague(self) -> None:
        """A key is spoken of, but not how it is sent."""
        told = next(
            (
                one
                for one in self.prose
                if not one.code
                and re.search(
                    r"\b(?:api[- ]?(?:key|token|sleutel|schlüssel)|access token|clé)\b", one.text, re.IGNORECASE
                )
            ),
            None,
        )
        if told is None:
            return
        method = api_key("header", "X-Api-Key", "")
        self._add(method, told.place, 0.3, "the document speaks of a key but not of how it is sent")
        self.result.questions.append(
            (
                (
                    "Which header or parameter carries the API key? The document speaks of a key but does not say "
                    "how it "
                    "is sent."
                ),
                str(told.place),
            )
        )


def _scheme(value: str) -> str:
    match = re.match(r"\s*([A-Za-z][\w-]{1,30})(?:\s+\S|\s*$|\s*[=:])", value)
    if match is None:
        return ""
    word = match[1].lower()
    if value.strip() == match[1] or (word in ("your", "my", "the", "key", "api") and len(value.split()) > 2):
        return (
            ""
            if word not in ("bearer", "basic", "digest", "token") or value.strip().lower() != word
            else word
            if word != "token"
            else ""
        )
    return "" if word.startswith(("your", "my_", "api_", "access")) else word


def _prefix(samples: list[tuple[Sample, Place]], prose: list[Said], scheme: str) -> str:
    texts = [sample.header("Authorization") for sample, _ in samples] + [plain_text(one.text) for one in prose]
    for text in texts:
        if match := re.search(rf"(?:^|:\s?)({re.escape(scheme)}(?:\s(?:token=)?|[=:]\s?))", text, re.IGNORECASE):
            return match[1]
    return scheme.title() + " "


def says_open(texts: list[str]) -> bool:
    """True where a call is said to need no authentication."""
    return any(_NONE.search(text) for text in texts)
