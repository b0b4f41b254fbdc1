"""Web origins: what a browser writes, and nothing else."""

from __future__ import annotations

import pytest

from tieline.core.origins import InvalidOrigin, normalized

GOOD = {
    "https://app.example.com": "https://app.example.com",
    "HTTPS://App.Example.COM": "https://app.example.com",
    "https://app.example.com:443": "https://app.example.com",
    "http://app.example.com:80": "http://app.example.com",
    "http://app.example.com:443": "http://app.example.com:443",
    "https://app.example.com:08443": "https://app.example.com:8443",
    "http://localhost:3000": "http://localhost:3000",
    "https://127.0.0.1": "https://127.0.0.1",
    "https://[2001:DB8:0:0::1]:8443": "https://[2001:db8::1]:8443",
    "https://[::ffff:1.2.3.4]": "https://[::ffff:102:304]",
    "https://Bücher.example": "https://xn--bcher-kva.example",
    "https://ｅｘａｍｐｌｅ.com": "https://example.com",
    "https://my_host.example": "https://my_host.example",
}
BAD = [
    "",
    "null",
    "*",
    "https://*",
    "https://*.example.com",
    "https://app.*.com",
    "app.example.com",
    "//app.example.com",
    "https:app.example.com",
    "https://",
    "https:///app.example.com",
    "https://app.example.com/",
    "https://app.example.com/path",
    "https://app.example.com?x=1",
    "https://app.example.com#x",
    "https://user@app.example.com",
    "https://user:secret@app.example.com",
    "https://app.example.com\\@evil.com",
    "ftp://app.example.com",
    "file://app",
    "javascript://app.example.com",
    "chrome-extension://abcdefgh",
    "https://app.example.com:",
    "https://app.example.com:0",
    "https://app.example.com:65536",
    "https://app.example.com:99999999999",
    "https://app.example.com:४४३",
    "https://app.example.com:44a",
    "https://app.example.com.",
    "https://.example.com",
    "https://app..example.com",
    "https://-app.example.com",
    f"https://{'a' * 64}.example.com",
    f"https://{'a.' * 140}com",
    "https://app.example.com https://evil.com",
    "https://app.example.com,https://evil.com",
    " https://app.example.com",
    "https://app.example.com\n",
    "https://app\texample.com",
    "https://app.example.com\x00",
    "https://app%2eexample.com",
    "https://127.1",
    "https://0x7f000001",
    "https://2130706433",
    "https://1.2.3.256",
    "https://01.2.3.4",
    "https://[::1",
    "https://[fe80::1%25eth0]",
    "https://[::g]",
    "https://app.example.com／evil",
    "https://exa\u200bmple.com:8:8",
    "https://＊.example.com",
    "https://☃️.\u2024",
]


@pytest.mark.parametrize(("text", "kept"), GOOD.items(), ids=ascii)
def test_an_origin_is_kept_as_browsers_write_it(text: str, kept: str) -> None:
    assert normalized(text) == kept
    assert normalized(kept) == kept


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text)[:60])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidOrigin) as refused:
        normalized(text, pointer="/validOrigins/0")
    assert refused.value.pointer == "/validOrigins/0"
    assert len(refused.value.detail) < 400
