"""SMTP (RFC 5321) over sockets that egress has checked, with TLS (RFC 8314) or STARTTLS (RFC 3207)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tieline.automations.blocks.letters import Letter
from tieline.connectors.connections import Connections
from tieline.core.errors import BadInput, Terminal, Transient
from tieline.security.egress import Egress, sockets

SECURITY = {"starttls": 587, "tls": 465, "none": 25}  # and their usual ports
SECONDS = 60.0  # for each step of the conversation
LARGEST_MESSAGE = 25 * 2**20  # bytes, as sent


class MailRefused(Terminal):
    """The mail server refused the login, the sender, all recipients or the message."""

    code = "mail-refused"
    status = 502
    title = "The mail server refused the mail"


class MailFailed(Transient):
    """The mail server could not be reached, broke off, or asked to come back later."""

    code = "mail-failed"
    status = 502
    title = "The mail could not be delivered"


@dataclass(frozen=True, slots=True)
class PostOffice:
    """A mail server and who we are to it. ``security``: starttls, tls or none; without TLS no password is sent."""

    host: str
    port: int
    security: str = "starttls"
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sender: str = ""

    @property
    def shown(self) -> str:
        """For the history of a run."""
        return f"{self.host}:{self.port} ({self.security})"


class Post:
    """Sends letters. ``default`` serves blocks that name no server (the installation's own)."""

    def __init__(self, egress: Egress, connections: Connections | None, default: PostOffice | None = None) -> None:
        self._egress = egress
        self._connections = connections
        self.default = default

    async def connection(self, tenant_id: UUID, connection_id: UUID) -> PostOffice:
        """The mail server that a connection stands for: its answers host, port, security, username, password, from.

        Raises `NotFound` for a connection of somebody else, `BadInput` for one that has no host.
        """
        if self._connections is None:
            raise BadInput("connections cannot be used for mail here; name the mail server in the block")
        account = await self._connections.account(tenant_id, connection_id)
        return office_of({**account.params, **account.secrets})

    async def send(self, office: PostOffice, letter: Letter) -> dict[str, str]:
        """Delivers a letter; gives the refused recipients with the server's reasons.

        Raises `MailRefused`, `MailFailed`, and what `sockets.open` raises for addresses that may not be reached.
        """
        import aiosmtplib

        data = letter.message.as_bytes()
        if len(data) > LARGEST_MESSAGE:
            raise MailRefused(f"the message has {len(data)} bytes; at most {LARGEST_MESSAGE} are sent")
        if office.username and office.security == "none":
            raise MailRefused("a password is not sent without TLS; set security to starttls or tls")
        try:
            connection = await sockets.open(office.host, office.port, policy=self._egress.policy)
        except Transient as error:
            raise MailFailed(error.detail) from None
        name = connection.getsockname()[0]
        client = aiosmtplib.SMTP(
            hostname=office.host.strip("[]"),
            sock=connection,
            use_tls=office.security == "tls",
            start_tls=False,
            tls_context=None if office.security == "none" else sockets.tls(self._egress.policy.ca_file),
            local_hostname=f"[IPv6:{name}]" if ":" in name else f"[{name}]",
            timeout=SECONDS,
        )
        try:
            async with client:
                if office.security == "starttls":
                    await client.ehlo()
                    if not client.supports_extension("starttls"):
                        raise MailRefused(f"{office.host} does not offer STARTTLS; set security to tls, with its port")
                    await client.starttls()
                if office.username:
                    await client.login(office.username, office.password)
                answers, _ = await client.sendmail(letter.sender, letter.recipients, data)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            raise _refusal(min(one.code for one in error.recipients), "all recipients", first.message) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            kind = MailFailed if error.code < 500 else MailRefused
            raise kind(f"{office.host} refused the login (code {error.code}); check username and password") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code, "the mail", error.message) from None
        except aiosmtplib.SMTPNotSupported as error:
            raise MailRefused(f"{office.host} cannot do what is needed: {_brief(error.message)}") from None
        except ssl.SSLCertVerificationError as error:
            raise MailRefused(
                f"the certificate of {office.host} is not trusted: {_brief(error.verify_message)}"
            ) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            if isinstance(cause := error.__cause__, ssl.SSLCertVerificationError):
                raise MailRefused(
                    f"the certificate of {office.host} is not trusted: {_brief(cause.verify_message)}"
                ) from None
            raise MailFailed(f"the mail server {office.host} broke off: {_brief(str(error))}") from None
        finally:
            client.close()
            connection.close()
        return {recipient: f"{answer.code} {_brief(answer.message)}" for recipient, answer in answers.items()}


def office_of(answers: Mapping[str, Any]) -> PostOffice:
    """A mail server made of a connection's answers. Raises `BadInput` that names what is missing."""
    known = {str(name).lower().removeprefix("smtp_"): str(value) for name, value in answers.items() if value}
    host = known.get("host") or known.get("hostname") or ""
    if not host:
        raise BadInput("the connection has no field host, so it does not say which mail server to use")
    security = known.get("security", "starttls").lower()
    if security not in SECURITY:
        raise BadInput(f"the connection's field security must be one of {', '.join(SECURITY)}")
    port = known.get("port", str(SECURITY[security]))
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise BadInput("the connection's field port must be a number from 1 to 65535")
    return PostOffice(
        host=host,
        port=int(port),
        security=security,
        username=known.get("username") or known.get("user") or "",
        password=known.get("password") or "",
        sender=known.get("from") or known.get("sender") or "",
    )


def _refusal(code: int, what: str, message: str) -> MailFailed | MailRefused:
    """RFC 5321 section 4.2.1: 4yz may succeed later, 5yz will not."""
    kind = MailFailed if code < 500 else MailRefused
    return kind(f"the mail server refused {what} with {code}: {_brief(message)}")


def _brief(text: str) -> str:
    return " ".join(text.split())[:200]
