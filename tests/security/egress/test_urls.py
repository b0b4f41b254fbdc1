"""URLs are read so strictly that no two parsers can see different hosts in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.security.egress import BadUrl
from tieline.security.egress.urls import join, parse


@pytest.mark.parametrize(
    "url, read",
    [
        ("https://api.example.com", "https://api.example.com/"),
        ("HTTPS://API.Example.COM./v1", "https://api.example.com/v1"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https://example.com#x", "https://example.com/"),
        ("https://münchen.de/", "https://xn--mnchen-3ya.de/"),
        ("https://faß.de/", "https://xn--fa-hia.de/"),
        ("https://my_bucket.s3.amazonaws.com/", "https://my_bucket.s3.amazonaws.com/"),
        ("https://example.com/a b/ü?q=\"x\"&r=ü", "https://example.com/a%20b/%C3%BC?q=%22x%22&r=%C3%BC"),
        ("https://example.com/%2e%2e/a%2Fb?c=%20", "https://example.com/%2e%2e/a%2Fb?c=%20"),
        ("https://example.com/a/../b", "https://example.com/a/../b"),
        ("https://example.com/@user:pass", "https://example.com/@user:pass"),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
        ("http://[2606:2800:220:1:248:1893:25C8:1946]:81/", "http://[2606:2800:220:1:248:1893:25c8:1946]:81/"),
        ("http://１.１.１.１/", "http://1.1.1.1/"),
        ("https://example.com/?a={\"b\":[1]}", "https://example.com/?a={%22b%22:[1]}"),
    ],
)  # fmt: skip
def test_good_urls_are_normalised_once(url: str, read: str) -> None:
    target = parse(url)
    assert target.text == read
    assert parse(target.text) == target
    assert str(target.url) == read


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "example.com", "//example.com/", "/relative", "https:/example.com", "https:example.com", "https://", "https:///x",
        "file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "ws://example.com/", "unix:/x", "http+unix://x/",
        "javascript:alert(1)", "data:,x", " https://example.com/", "https://example.com/\n", "https://exa\tmple.com/",
        "https://example.com/\x00", "https://example.com/\x7f", "https://example.com\\@evil.com/", "https://example.com/a\\b",
        "https://user@example.com/", "https://user:pass@example.com/", "https://@example.com/", "https://exam%70le.com/",
        "https://example.com%00.evil.com/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:/",
        "https://example.com:80:80/", "https://example.com:8a/", "https://example.com:-1/", "https://example.com:١/",
        "https://[::1", "https://::1/", "https://[::1]x/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[v1.x]/",
        "https://[1.2.3.4]/", "https://exa mple.com/", "https://.example.com/", "https://example..com/", "https://example.com../",
        "https://" + "a" * 64 + ".com/", "https://" + "a." * 127 + "com/", "https://a" + "ü" * 2000 + ".com/",
        "https://exam\u200dple.com/", "https://\ud800.com/", "https://example.com/\ud800", "https://*.example.com/",
        "https://127.1/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://2130706433/", "https://1.2.3/", "https://1.2.3.4.5/",
        "https://1.2.3.256/", "https://foo.0x/", "https://foo.1/", "https://0/", "https://01.1.1.1/", "https://1.1.1.1./../@",
        "https://" + "9" * 400 + "/", "x" * 70000,
    ],
)  # fmt: skip
def test_bad_urls_are_refused(url: str) -> None:
    if url == "https://1.1.1.1./../@":
        # The dot at the end is the root of the name space; the rest is an ordinary path.
        assert parse(url).text == "https://1.1.1.1/../@"
        return
    with pytest.raises(BadUrl):
        parse(url)


@pytest.mark.parametrize(
    "url", ["https://user:hunter2@example.com/", "nonsense?key=hunter2", "https://exa mple/?key=hunter2"]
)
def test_what_is_wrong_is_said_without_secrets(url: str) -> None:
    with pytest.raises(BadUrl) as caught:
        parse(url)
    assert "hunter2" not in caught.value.detail


@given(st.text(max_size=80))
def test_any_text_is_a_target_or_a_bad_url(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.com/{text}", f"https://{text}.example.com:{text}/"):
        try:
            target = parse(url)
        except BadUrl:
            continue
        assert target.scheme in ("http", "https")
        assert target.text.isascii()
        assert target.url.raw_host == target.host
        assert target.url.port == target.port
        assert not set(target.host) & set("@/\\?#% ")
        assert parse(target.text) == target


@pytest.mark.parametrize(
    "location, read",
    [
        ("/b", "https://example.com:8443/b"),
        ("c?d=e#f", "https://example.com:8443/a/c?d=e"),
        ("?x", "https://example.com:8443/a/b?x"),
        ("//other.com/x", "https://other.com/x"),
        ("http://other.com", "http://other.com/"),
        (" /b ", "https://example.com:8443/b"),
        ("../../../x", "https://example.com:8443/x"),
        ("/ü b", "https://example.com:8443/%C3%BC%20b"),
    ],
)
def test_redirect_targets_are_resolved(location: str, read: str) -> None:
    assert join(parse("https://example.com:8443/a/b"), location).text == read


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "javascript:x", "//user@other.com/", "https://other.com\\@x/", "/a\tb", "http://[::1", "http://127.1/",
     "\\\\other.com\\x", "http://"],
)  # fmt: skip
def test_bad_redirect_targets_are_refused_and_name_who_sent_them(location: str) -> None:
    with pytest.raises(BadUrl, match=r"example\.com redirects"):
        join(parse("https://example.com/"), location)
