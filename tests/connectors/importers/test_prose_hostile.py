from __future__ import annotations

import io
import zlib

import pytest

from tests.connectors.importers.prose_api import harbour
from tests.connectors.importers.prose_render import pdf_curl
from tests.connectors.importers.support import is_clear
from tieline.connectors.importers import import_document
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.prose.shell import curls
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.core.errors import TielineError

pytestmark = pytest.mark.battery

_HEAD = "<html><body><h1>API</h1><p>Base URL: https://api.example</p>"
_TAIL = "<h2>List</h2><p>GET /things</p></body></html>"


def _pdf(content: bytes, pages: int = 1, *, image: bool = False) -> bytes:
    """A PDF written by hand, whose pages all show the same content stream."""
    packed = zlib.compress(content, 9)
    kids = " ".join(f"{5 + n} 0 R" for n in range(pages))
    resources = "/Font << /F1 4 0 R >>" + (" /XObject << /I 3 0 R >>" if image else "")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        b"<< /Length %d /Filter /FlateDecode%s >>\nstream\n%s\nendstream"
        % (len(packed), b" /Type /XObject /Subtype /Image /Width 1 /Height 1" if image else b"", packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << {resources} >> "
    page += ">>" if image else "/Contents 3 0 R >>"
    objects += [page.encode()] * pages
    out, places = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, io.SEEK_END)
    for number, one in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, one))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def test_an_encrypted_pdf_is_refused_with_a_clear_sentence() -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_curl(harbour())))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(UnreadableDocument, match="encrypted"):
        import_document(out.getvalue())


def test_a_scanned_pdf_says_that_it_holds_no_text() -> None:
    with pytest.raises(UnreadableDocument, match="scanned"):
        import_document(_pdf(b"\xff" * 100, image=True))


def test_a_stream_that_unpacks_to_gigabytes_is_refused() -> None:
    with pytest.raises(DocumentTooLarge):
        import_document(_pdf(b"BT /F1 12 Tf (x) Tj ET\n" * 4_000_000))


def test_a_pdf_with_too_many_pages_is_refused() -> None:
    with pytest.raises(DocumentTooLarge):
        import_document(_pdf(b"BT /F1 12 Tf 50 700 Td (GET /things) Tj ET", 5_000))


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\x00\xff" * 5_000, pdf_curl(harbour())[:3_000]])
def test_a_broken_pdf_is_refused_clearly(data: bytes) -> None:
    with pytest.raises(TielineError) as caught:
        import_document(data)
    is_clear(caught.value)


@pytest.mark.parametrize(
    "operators", [b"q " * 200_000, b"1 0 0 1 1 1 cm " * 60_000, b"BT /F1 1 Tf [" + b"(a) -1000 " * 50_000 + b"] TJ ET"]
)
def test_endless_drawing_ends(operators: bytes) -> None:
    with pytest.raises(TielineError) as caught:
        import_document(_pdf(operators))
    is_clear(caught.value)


def test_scripts_links_and_entities_of_a_page_do_nothing() -> None:
    page = (
        '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<html><head><script>GET /evil</script></head><body onload='x()'><h1>API &x; &b;</h1>"
        "<p>Base URL: https://api.example</p><h2>List</h2><p>GET /things <a "
        "href='javascript:alert(1)'>go</a></p></body></html>"
    )
    manifest = import_document(page.encode())
    assert [block.path for block in manifest.blocks] == ["/things"]
    assert "root:" not in str(manifest)


@pytest.mark.parametrize(
    "middle",
    [
        "<div>" * 20_000 + "x" + "</div>" * 20_000,
        "<ul><li>" * 5_000,
        "<table><tr><td>" * 3_000,
        "<table>" + "<tr><td>a_field</td><td>string</td></tr>" * 40_000 + "</table>",
        "<p>" + "GET " * 50_000 + "</p>",
        "<p>" + "/a" * 50_000 + "</p>",
        "<p>" + "`" * 100_000 + "</p>",
        "<pre>" + "{" * 50_000 + "</pre>",
        "<pre>" + "[ " * 50_000 + "</pre>",
        "<pre>" + "curl '" * 20_000 + "</pre>",
        "<pre>" + "{\n" * 20_000 + "</pre>",
        "<pre>{</pre>" * 5_000,
        "<p>" + "a_" * 50_000 + "</p>",
        "<p>" + "field " * 30_000 + "</p>",
        "<p>" + "Authorization: " * 20_000 + "</p>",
        "<p>" + "https://" * 20_000 + "</p>",
        "<p>" + "x-" * 40_000 + "</p>",
        "<h2>" + "parameter " * 20_000 + "</h2>",
        "".join(f"<h3>GET /a{n}</h3><p>word</p>" for n in range(4_000)),
        "<p>" + " " * 200_000 + "</p>" + "<pre>" + " " * 100_000 + "...</pre>",
    ],
    ids=lambda text: f"{text[:24]}-{len(text)}",
)
def test_a_hostile_page_ends_in_time(middle: str, recwarn: pytest.WarningsRecorder) -> None:
    try:
        import_document((_HEAD + middle + _TAIL).encode())
    except TielineError as error:
        is_clear(error)


def test_a_text_without_endpoints_is_named() -> None:
    with pytest.raises(NotAnApiDocument, match="no endpoint"):
        import_document(b"<html><body><h1>Our story</h1><p>We like cats.</p></body></html>")


@pytest.mark.parametrize(
    "command",
    [
        "curl",
        "curl -X",
        "curl -H",
        "curl '",
        'curl "https://a/',
        "curl \\",
        "curl -d @- -F = -u",
        "curl -G -d",
        "curl " + "-X " * 5_000,
    ],
)
def test_half_a_command_is_no_error(command: str) -> None:
    assert len(curls(command)) <= 1
