"""FTP with TLS, on a server that wants the data connection to continue the control connection's session."""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.connectors.files.conftest import Shelf, names, read, upload
from tests.connectors.files.sessions import serving_ftp
from tieline.connectors.files.errors import StorageRefused
from tieline.security.egress import Egress, Policy

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ftp test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("ftps") / "server.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(pem))
    return file


@pytest.fixture
async def secured(certificate: Path, tmp_path: Path) -> AsyncIterator[Shelf]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyftpdlib import handlers

        settings = {"certfile": str(certificate), "tls_control_required": True, "tls_data_required": True}
    folder = tmp_path / "served"
    folder.mkdir()
    async with Egress(Policy(allow=(ip_network("127.0.0.0/8"),), ca_file=str(certificate))) as egress:
        with serving_ftp(folder, base=handlers.TLS_FTPHandler, **settings) as served:
            answers = {"host": served.host, "port": served.port, "username": "ada", "password": "pw"}
            yield Shelf("ftp", egress, answers, folder, served=served)


async def test_files_go_over_tls(secured: Shelf) -> None:
    body = bytes(range(256)) * 5000
    async with secured.open() as storage:
        await storage.write("out/a.bin", upload(body), token="t")
        assert await read(storage, "out/a.bin", 1000) == body[1000:]
        await storage.copy("out/a.bin", "b.bin", token="t")
        assert await names(storage) == ["b.bin", "out/"]


async def test_a_certificate_that_nobody_vouches_for_is_refused(secured: Shelf) -> None:
    async with Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as egress:
        with pytest.raises(StorageRefused, match="certificate"):
            async with secured.open(egress=egress) as storage:
                await storage.check()


async def test_a_session_without_tls_is_refused_by_the_server(secured: Shelf) -> None:
    async with secured.open(security="none") as storage:
        with pytest.raises(Exception, match=r"login|password|55"):
            await storage.check()
