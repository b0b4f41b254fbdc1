"""OAuth 2 (RFC 6749) and OAuth 1 (RFC 5849) by what a document says: grants, addresses, scopes."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify.auth import oauth2, secret
from tieline.connectors.importers.prose.auth_said import Finder, Said
from tieline.connectors.importers.prose.items import Place, plain_text
from tieline.connectors.manifest.model import AuthMethod, Fact, Input, OAuth2Grant

_OAUTH2 = re.compile(
    r"\boauth\s?(?:2(?:\.0)?)\b|\boauth2\b|\b(?:authorization|authorisation) code\b|\bclient[_ ]credentials\b"
    r"|\bgrant[_ ]type\b|\brefresh[_ ]token\b",
    re.IGNORECASE,
)
_OAUTH1 = re.compile(
    r"\boauth\s?(?:1(?:\.0a?)?)\b|\boauth_(?:consumer_key|signature|nonce)\b|\bconsumer (?:key|secret)\b", re.IGNORECASE
)
_URL = re.compile(r"https?://[\w.{}-]+(?::\d+)?(?:/[\w.{}~-]+)*/?")
_PATHS = re.compile(r"(?<![\w.])/(?:[\w.{}~-]+/){0,5}(?:token|authorize|authorise|access_token|auth)\b")
_GRANTS: tuple[tuple[OAuth2Grant, re.Pattern[str]], ...] = (
    ("client_credentials", re.compile(r"\bclient[_ -]credentials\b", re.IGNORECASE)),
    (
        "authorization_code",
        re.compile(
            r"\bauthori[sz]ation[_ -]code\b|\bcode (?:grant|flow)\b|\bauthori[sz]e (?:url|endpoint|page)\b|\bPKCE\b"
            r"|\bredirect_uri\b",
            re.IGNORECASE,
        ),
    ),
    (
        "password",
        re.compile(
            r"\b(?:resource owner )?password (?:grant|credentials)\b|\bgrant_type\W{1,3}password\b", re.IGNORECASE
        ),
    ),
    ("implicit", re.compile(r"\bimplicit (?:grant|flow)\b", re.IGNORECASE)),
    ("device_code", re.compile(r"\bdevice[_ -]code\b|\bdevice flow\b", re.IGNORECASE)),
)
_SCOPE = re.compile(r"[a-z][\w-]*(?:[.:/][\w.*-]+){1,4}|[a-z]+_[a-z_]+|read|write|admin|offline_access|openid|profile")


class OAuthFinder(Finder):
    """Finds OAuth."""

    def _oauth1(self) -> None:
        told = self._first(_OAUTH1)
        if told is None:
            return
        text = " ".join(one.text for one in self.prose)
        method = AuthMethod(
            id="oauth1",
            kind="oauth1",
            fields=[
                Input(id="consumer_key", label="Consumer key", required=True),
                secret("consumer_secret", "Consumer secret"),
                secret("token", "Access token", required=False),
                secret("token_secret", "Token secret", required=False),
            ],
        )
        named = re.search(r"\b(?:HMAC-SHA(?:1|256|512)|RSA-SHA(?:1|256|512)|PLAINTEXT)\b", text)
        method.signature = named[0] if named else "HMAC-SHA1"
        method.facts["signature"] = Fact(evidence=[str(told.place)], confidence=0.9 if named else 0.6)
        self._add(method, told.place, 0.9)

    def _oauth2(self) -> bool:
        told = self._first(_OAUTH2)
        if told is None:
            return False
        section = self.prose
        text = "\n".join(one.text for one in section)
        strong = re.search(
            r"\boauth\s?2|\boauth2|grant[_ ]type|authori[sz]ation[_ ]code|client[_ ]credentials", text, re.IGNORECASE
        )
        if not strong:
            return False
        token, authorize, refresh, revoke = self._urls(section)
        grants: list[OAuth2Grant] = [grant for grant, pattern in _GRANTS if pattern.search(text)]
        if not grants and not token and any(sample.header("Authorization") for sample, _ in self.samples):
            return False
        if "implicit" in grants and "authorization_code" in grants:
            grants.remove("implicit")
        guessed = not grants
        if guessed:
            grants = ["authorization_code" if authorize else "client_credentials"]
        if (
            "authorization_code" in grants
            and not authorize
            and "client_credentials" in grants
            and not re.search(r"redirect|consent|browser", text, re.IGNORECASE)
        ):
            grants.remove("authorization_code")
        order = {"client_credentials": 0, "authorization_code": 1}
        grants.sort(key=lambda grant: order.get(grant, 2))
        method = oauth2(grants)
        method.token_url, method.authorization_url, method.refresh_url, method.revoke_url = (
            token,
            authorize,
            refresh if refresh != token else "",
            revoke,
        )
        method.scopes = self._scopes(section)
        if re.search(
            r"client_id=[^\n]{0,200}client_secret=|client_secret[^.\n]{0,60}\b(?:body|form|field|parameter)",
            text,
            re.IGNORECASE,
        ) or re.search(r"-d\s['\"]?client_secret", text):
            method.client_auth = "post"
        method = oauth2(grants, method)
        self._add(method, told.place, 0.93 if token and not guessed else 0.6)
        method.facts["grants"] = Fact(evidence=[str(told.place)], confidence=0.9 if not guessed else 0.5)
        if token:
            method.facts["token_url"] = Fact(evidence=[str(self._place_of(token, told.place))], confidence=0.93)
        else:
            self.result.questions.append(
                ("At which address are OAuth 2 tokens issued (the token URL)?", str(told.place))
            )
        if "authorization_code" in grants and not authorize:
            self.result.questions.append(
                ("At which address does a person give consent (the OAuth 2 authorization URL)?", str(told.place))
            )
        if guessed:
            self.result.questions.append(
                ("Which OAuth 2 grant does the API use: client credentials or authorization code?", str(told.place))
            )
        return True

    def _place_of(self, url: str, default: Place) -> Place:
        tail = re.sub(r"^https?://[^/]+", "", url)
        return next((one.place for one in self.prose if tail and tail in one.text), default)

    def _urls(self, section: list[Said]) -> tuple[str, str, str, str]:
        token = authorize = refresh = revoke = ""
        for one in section:
            line = plain_text(one.text)
            found = [match[0] for match in _URL.finditer(line)]
            found += [self.origin + match[0] for match in _PATHS.finditer(_URL.sub(" ", line)) if self.origin]
            for url in found:
                tail = re.sub(r"^https?://[^/]+", "", url).rstrip("/").lower()
                url = url.rstrip("./")
                if re.search(r"revo(?:ke|cation)", tail):
                    revoke = revoke or url
                elif re.search(r"refresh", tail):
                    refresh = refresh or url
                elif re.search(r"authori[sz]e|/auth$|/consent|/oauth/auth", tail) or (
                    re.search(r"authori[sz]ation url", line, re.IGNORECASE) and not re.search(r"token", tail)
                ):
                    authorize = authorize or url
                elif re.search(r"token", tail) or (
                    re.search(r"token (?:url|endpoint)", line, re.IGNORECASE) and len(tail) > 1
                ):
                    token = token or url
        for url in (token, authorize, refresh, revoke):
            if url:
                self.result.paths.add(re.sub(r"^https?://[^/]+", "", url))
        return token, authorize, refresh, revoke

    @staticmethod
    def _scopes(section: list[Said]) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in section:
            if "|" in one.text and re.search(r"\bscopes?\b", one.title + one.text, re.IGNORECASE):
                cells = [cell.strip(" `") for cell in one.text.split(" | ")]
                listed = cells[0] == "scope"
                cells = cells[1:] if listed else cells
                if _SCOPE.fullmatch(cells[0]) and (
                    listed or ":" in cells[0] or "." in cells[0] or "scope" in one.title.lower()
                ):
                    found.setdefault(cells[0], plain_text(cells[1])[:500] if len(cells) > 1 else "")
            elif match := re.search(r"\bscopes?\b(?P<rest>[^.\n]{0,300})", one.text, re.IGNORECASE):
                for name in re.findall(r"[`\"']([^`\"'\s]{2,60})[`\"']|\b([a-z]+[:.][a-z.:_*]+)\b", match["rest"]):
                    word = name[0] or name[1]
                    if _SCOPE.fullmatch(word) and len(found) < 200:
                        found.setdefault(word, "")
        return found
