"""Settings: environment variables that begin with ``TIELINE_``, and nothing else.

    settings = Settings()                 # from the environment; Misconfigured says what is wrong and how to mend it
    settings.database_url                 # None = the embedded database in settings.data_dir
    settings.load_secret_keys()           # makes <data_dir>/secret.key on first use of the embedded database
    settings.show()                       # for `tieline doctor`: every value with its source, secrets masked

Each setting is described in ``docs/reference/settings.md``, which a test holds against this class.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from tieline.core.errors import Misconfigured, TielineError
from tieline.server.secret_file import Mounted, read_or_make

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "TIELINE_"
DEFAULT_BASE_URL = "http://127.0.0.1:8400"
MASK = "********"

LogLevel = Literal["debug", "info", "warning", "error", "critical"]
Network = IPv4Network | IPv6Network

_EXAMPLE_MAIL = "smtp://user:password@host:587?from=tieline@example.com"
_EXAMPLE_DATABASE = "postgresql://user:password@host:5432/name"

# Those that hold a secret can come from a file, which TIELINE_..._FILE names (see `secret_file.Mounted`).
SECRET = ("database_url", "secret_keys", "mail_url", "oidc_client_secret")

# Read by other parts of Tieline, or by its tests; not settings of a server.
_NEIGHBOURS = ("TIELINE_SHARED", "TIELINE_TEST_", "TIELINE_URL", "TIELINE_API_KEY")


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as a person may see it."""

    variable: str
    value: str
    source: Literal["environment", "default"]
    meaning: str


class Settings(BaseSettings):
    """What an operator can set. Frozen; a value that breaks a rule raises ``Misconfigured`` with one sentence."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="Address of a PostgreSQL 15 or newer; unset means the embedded one in the data folder.",
    )
    data_dir: Path = Field(
        default=Path(".tieline"),
        validate_default=True,
        description="Folder of the embedded database, its secret key and the local admin key.",
    )
    base_url: str = Field(
        default=DEFAULT_BASE_URL,
        description="Public address of this server; links are built from it.",
    )
    secret_keys: str = Field(
        default="",
        repr=False,
        validate_default=True,
        description="Key-encryption keys, newest first, separated by commas.",
    )
    egress_allow: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="Internal networks that connectors may call, in CIDR notation, separated by commas.",
    )
    run_retention_days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        description="Days for which ended runs are kept, where a tenant has set nothing else; 0 = for ever.",
    )
    tier1_per_minute: int = Field(
        default=1000,
        ge=1,
        le=10**9,
        description="Reading requests that a user may make in a minute, where a tenant has set nothing else.",
    )
    tier2_per_minute: int = Field(
        default=100,
        ge=1,
        le=10**9,
        description="Other requests that a user may make in a minute, where a tenant has set nothing else.",
    )
    oem_per_minute: int = Field(
        default=300,
        ge=1,
        le=10**9,
        description="Requests to the partner's API about one account in a minute, where it has set nothing else.",
    )
    embed_session_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="Minutes for which a customer who came by sign-on is let in; a new sign-on token goes on.",
    )
    mail_url: str | None = Field(
        default=None,
        repr=False,
        description="Mail server for failure notices, such as smtp://user:password@host:587?from=tieline@example.com.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="Issuer of the identity provider by which people may sign in to the studio (OpenID Connect).",
    )
    oidc_client_id: str | None = Field(
        default=None,
        description="What the identity provider knows this installation by.",
    )
    oidc_client_secret: str | None = Field(
        default=None,
        repr=False,
        description="The secret that goes with it; unset for a public client.",
    )
    oidc_name: str = Field(
        default="single sign-on",
        min_length=1,
        max_length=100,
        description="What people know the identity provider by; stands on the studio's button.",
    )
    log_level: LogLevel = Field(default="info", description="Least severe message that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, the environment, the files that the environment names; nothing else."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, Mounted(settings_cls, {name: variable(name) for name in SECRET})

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise Misconfigured(_one_sentence(error)) from None

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = value.strip()
        if "://" not in address and "=" in address:
            words = _libpq_words(address)
            if not {"host", "dbname"} <= words.keys():
                raise ValueError("must hold host= and dbname=, such as host=db.example dbname=tieline user=tieline")
            return address
        try:
            parts = urlsplit(address)
            _ = parts.port
        except ValueError:
            raise ValueError(f"must be an address such as {_EXAMPLE_DATABASE}") from None
        if parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError(f"must begin with postgresql://, such as {_EXAMPLE_DATABASE}")
        if not (parts.hostname or "host=" in parts.query):
            raise ValueError(f"must name a host, such as {_EXAMPLE_DATABASE}")
        if not (parts.path.strip("/") or "dbname=" in parts.query):
            raise ValueError(f"must name a database after the host, such as {_EXAMPLE_DATABASE}")
        return address

    @field_validator("data_dir")
    @classmethod
    def _is_folder(cls, value: Path) -> Path:
        if "\0" in str(value):
            raise ValueError("must be the path of a folder, without a NUL character")
        try:
            folder = value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("begins with a ~ that names no home folder; give the path in full") from None
        if folder.exists() and not folder.is_dir():
            raise ValueError("must be a folder, and there is a file of that name; name another path")
        return folder

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        wanted = "must be an http or https address without query, such as https://integrations.example.com"
        try:
            parts = urlsplit(value.strip())
            _ = parts.port
        except ValueError:
            raise ValueError(wanted) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or any(c.isspace() for c in value.strip()):
            raise ValueError(wanted)
        if parts.query or parts.fragment or parts.username is not None or parts.password is not None:
            raise ValueError(wanted)
        return value.strip().rstrip("/")

    @field_validator("secret_keys")
    @classmethod
    def _are_keys(cls, value: str) -> str:
        try:
            return value.strip() if _parse_keys(value) else ""
        except ValueError as error:
            raise ValueError(
                "must hold keys of 32 random bytes in base64, separated by commas "
                f"({error}); make one with `openssl rand -base64 32`"
            ) from None

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return ()
        # Late, because egress brings the HTTP client with it and most commands never call out.
        from tieline.security.egress import parse_allow

        try:
            return parse_allow(value)
        except (ValueError, TielineError) as error:
            raise ValueError(str(error).removeprefix("TIELINE_EGRESS_ALLOW ")) from None

    @field_validator("mail_url")
    @classmethod
    def _is_mail_server(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        wanted = f"must look like {_EXAMPLE_MAIL}"
        try:
            parts = urlsplit(value.strip())
            port = parts.port
        except ValueError:
            raise ValueError(wanted) from None
        if parts.scheme not in {"smtp", "smtps", "smtp+plain"} or not parts.hostname or port == 0 or parts.fragment:
            raise ValueError(f"{wanted}; smtp is STARTTLS, smtps is TLS, smtp+plain is neither")
        if parts.path.strip("/") or not dict(parse_qsl(parts.query)).get("from", "").strip():
            raise ValueError(f"{wanted}; from is the address that the mail is sent as")
        if parts.scheme == "smtp+plain" and parts.password is not None:
            raise ValueError("holds a password, which is not sent without TLS; begin it with smtp:// or smtps://")
        return value.strip()

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        wanted = "must be an https address without query, such as https://login.example.com"
        try:
            parts = urlsplit(value.strip())
            _ = parts.port
        except ValueError:
            raise ValueError(wanted) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or "@" in value:
            raise ValueError(wanted)
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError(f"{wanted}; without TLS whoever is on the way could sign in as anybody")
        return value.strip()

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    def model_post_init(self, _context: object, /) -> None:
        if self.database_url is not None and not self.secret_keys:
            raise Misconfigured(
                "TIELINE_SECRET_KEYS is empty although TIELINE_DATABASE_URL names a database that others share; "
                "make a key with `openssl rand -base64 32` and give the same one to every server and worker."
            )

        if self.oidc_issuer is not None and not self.oidc_client_id:
            raise Misconfigured(
                "TIELINE_OIDC_CLIENT_ID is empty although TIELINE_OIDC_ISSUER names an identity provider; "
                "register this installation there and set the id that it gets."
            )

    @property
    def embedded(self) -> bool:
        """True when the database is the embedded one."""
        return self.database_url is None

    @property
    def secret_key_file(self) -> Path:
        """Where the generated key of the embedded database lies."""
        return self.data_dir / "secret.key"

    def load_secret_keys(self) -> list[bytes]:
        """The key-encryption keys, newest first, ready for ``Vault``.

        With the embedded database and ``TIELINE_SECRET_KEYS`` unset, the key is read from ``<data_dir>/secret.key``,
        which the first process to ask makes (mode 0600). Raises ``Misconfigured`` when the file cannot be used.
        """
        if self.secret_keys:
            return _parse_keys(self.secret_keys)
        from tieline.security.vault import Vault

        self.prepare_data_dir()
        text = read_or_make(self.secret_key_file, Vault.generate_key)
        try:
            return _parse_keys(text)
        except ValueError as error:
            raise Misconfigured(
                f"{self.secret_key_file} does not hold a usable key ({error}); put the original file back, "
                "because what was sealed with it cannot be read without it."
            ) from None

    def prepare_data_dir(self) -> Path:
        """Makes the data folder where there is none, closed to others, and returns it."""
        # Late: it brings the database driver with it.
        from tieline.storage.embedded import make_data_dir

        try:
            make_data_dir(self.data_dir)
        except OSError as error:
            raise Misconfigured(
                f"TIELINE_DATA_DIR: the folder {self.data_dir} cannot be made ({error.strerror}); "
                "name a folder that this user may write to."
            ) from None
        return self.data_dir

    def listening_on(self, host: str, port: int) -> Self:
        """These settings with the address that the server listens on, unless ``TIELINE_BASE_URL`` says another."""
        if "base_url" in self.model_fields_set:
            return self
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
        bracketed = f"[{reachable}]" if ":" in reachable else reachable
        return self.model_copy(update={"base_url": f"http://{bracketed}:{port}"})

    def show(self) -> list[Shown]:
        """Every setting in the order of the documentation; secrets masked."""
        return [
            Shown(
                variable=variable(name),
                value=self._shown(name),
                source="environment" if name in self.model_fields_set else "default",
                meaning=field.description or "",
            )
            for name, field in type(self).model_fields.items()
        ]

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        if name == "database_url":
            return _without_password(value) if value else "(embedded)"
        if name == "mail_url":
            return _without_password(value) if value else "(none: no failure notices by mail)"
        if name == "oidc_issuer":
            return value or "(none: people sign in with passwords)"
        if name == "oidc_client_secret":
            return MASK if value else "(none)"
        if name == "oidc_client_id":
            return value or "(none)"
        if name == "secret_keys":
            if value:
                count = len(_parse_keys(value))
                return f"{MASK} ({count} key{'s' if count > 1 else ''})"
            return f"(from {self.secret_key_file})"
        if name == "egress_allow":
            return ",".join(str(network) for network in value) or "(none: internal addresses are refused)"
        return str(value)


def variable(field: str) -> str:
    """The environment variable of a field: ``data_dir`` -> ``TIELINE_DATA_DIR``."""
    return PREFIX + field.upper()


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """One sentence for each ``TIELINE_`` variable that is no setting, for the log and ``tieline doctor``."""
    known = [variable(field) for field in Settings.model_fields]
    known += [f"{variable(field)}_FILE" for field in SECRET]
    sentences = []
    for name in sorted(environment):
        if not name.upper().startswith(PREFIX) or name.upper() in known or name.startswith(_NEIGHBOURS):
            continue
        close = get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the settings are {', '.join(known)}."
        sentences.append(f"{name} is not a setting of Tieline and has no effect; {hint}")
    return sentences


def _parse_keys(text: str) -> list[bytes]:
    """Keys as ``Vault`` takes them; ``ValueError`` with the rule that is broken, never with the key."""
    from tieline.security.vault import parse_keys

    try:
        return parse_keys(text)
    except TielineError as error:
        raise ValueError(error.detail.replace(" of TIELINE_SECRET_KEYS", "").rstrip(".")) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _libpq_words(address: str) -> dict[str, str]:
    """libpq's other form, ``host=... dbname=...``; ``ValueError`` where it is none (PostgreSQL manual, 32.1.1.1)."""
    try:
        words = shlex.split(address)
    except ValueError:
        raise ValueError(f"must be an address such as {_EXAMPLE_DATABASE}") from None
    return dict(word.split("=", 1) for word in words if "=" in word)


def _without_password(address: str) -> str:
    if "://" not in address:
        shown = _libpq_words(address)
        return " ".join(f"{key}={MASK if 'pass' in key else value}" for key, value in shown.items())
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}:{MASK}@" if parts.password else f"{parts.username}@" if parts.username else ""
    query = f"?{MASK}" if "pass" in parts.query else f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{user}{host}{parts.path}{query}"


def _one_sentence(error: ValidationError) -> str:
    """The first broken rule: variable, rule, fix. Holds no value, because a value may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = variable(str(first["loc"][0])) if first["loc"] else "the settings"
    if first["type"] == "literal_error":
        return f"{name} must be one of {first['ctx']['expected']}."
    rule = first["msg"].removeprefix("Value error, ")
    return f"{name} {rule}" + ("" if rule.endswith((".", "?")) else ".")
