"""SOAP on the wire: envelopes as another library writes them, answers as data, faults as errors."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import urllib.request
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web

from tests.connectors.importers.wsdls import CUSTOMER, NS, SHOP, document, element, rpc, sequence
from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import QUICK
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.runtime import Account, Client, MemoryBudget, MemoryTokens
from tieline.connectors.runtime.auth import Surroundings, open_auth
from tieline.connectors.runtime.decode import NotReadable
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamRefused, UpstreamUnavailable
from tieline.connectors.runtime.exchange import context_of
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.transports import transport_of
from tieline.core.errors import BadInput
from tieline.security.egress import Egress

E11, E12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
MADE = import_document(SHOP)
ORDER = {
    "party": {"email": "ada@x.example", "@lang": "en"},
    "status": "open",
    "total": {"#text": 12.5, "@currency": "EUR"},
    "placed": "2026-01-31 09:30",
    "cash": True,
    "tag": ["a & b", "<c>"],
}


def block_of(manifest: Manifest, id: str) -> Block:
    return next(one for one in manifest.blocks if one.id == id)


def request(manifest: Manifest, id: str, inputs: dict[str, Any]) -> Request:
    one = block_of(manifest, id)
    return transport_of(one, manifest).build(one, inputs, Base(Account(manifest=manifest)))


def sent(manifest: Manifest, id: str, inputs: dict[str, Any]) -> ET.Element:
    """The one element in the body of the request."""
    return ET.fromstring(written(request(manifest, id, inputs)))[-1][0]


def written(made: Request) -> bytes:
    body = made.final_body()
    assert isinstance(body, bytes)
    return body


def got(manifest: Manifest, id: str, body: str, *, version: str = E11, status: int = 200) -> Any:
    one = block_of(manifest, id)
    text = f'<s:Envelope xmlns:s="{version}" xmlns:t="{NS}" xmlns:xsi="{XSI}"><s:Body>{body}</s:Body></s:Envelope>'
    return transport_of(one, manifest).decode(one, text.encode(), "text/xml", expect="json", status=status)


def test_elements_come_in_the_order_of_the_schema() -> None:
    made = request(MADE, "create_order", {"order": dict(reversed(ORDER.items()))})
    assert made.headers["soapaction"] == f'"{NS}/CreateOrder"'
    assert made.headers["content-type"] == "text/xml; charset=utf-8"
    order = sent(MADE, "create_order", {"order": dict(reversed(ORDER.items()))})[0]
    assert [one.tag.partition("}")[2] for one in order] == ["party", "status", "total", "placed", "cash", "tag", "tag"]
    assert all(one.tag.startswith("{" + NS) for one in order)
    assert order[0].attrib == {"lang": "en"}
    assert (order[2].text, order[2].attrib) == ("12.5", {"currency": "EUR"})
    assert order[3].text == "2026-01-31T09:30:00"
    assert [one.text for one in order[5:]] == ["a & b", "<c>"]


def test_a_derived_type_says_what_it_is() -> None:
    company = {"@type": "Company", "email": "x@y.example", "vat": None, "child": {"email": "z@y.example"}}
    party = sent(MADE, "create_order", {"order": {**ORDER, "party": company}})[0][0]
    assert party.attrib[f"{{{XSI}}}type"].endswith(":Company")
    assert [one.tag.partition("}")[2] for one in party] == ["email", "vat", "child"]
    assert party[1].attrib == {f"{{{XSI}}}nil": "true"}


def test_soap_1_2_puts_the_action_into_the_media_type() -> None:
    made = import_document(document(CUSTOMER, "GetOrder", version="1.2"))
    found = request(made, "get_order", {"id": 1})
    assert found.headers["content-type"] == f'application/soap+xml; charset=utf-8; action="{NS}/GetOrder"'
    assert "soapaction" not in found.headers
    assert E12.encode() in written(found)


def test_envelopes_are_those_of_another_library() -> None:
    zeep = pytest.importorskip("zeep")
    etree = pytest.importorskip("lxml.etree")

    class Offline:
        def load(self, url: str) -> bytes:
            return SHOP

    theirs = zeep.Client("https://shop.example/?wsdl", transport=Offline())
    factory = theirs.type_factory(NS)
    values = {
        "party": factory.Company(email="a@b.example", vat="1", lang="de", child=[factory.Party(email="c@d.example")]),
        "status": "closed",
        "total": {"_value_1": 7, "currency": "CHF"},
        "card": "4711",
        "tag": ["x", "y"],
        "file": b"abc",
    }
    expected = theirs.create_message(theirs.service, "CreateOrder", order=values)
    ours = request(
        MADE,
        "create_order",
        {
            "order": {
                "party": {
                    "@type": "Company",
                    "@lang": "de",
                    "email": "a@b.example",
                    "vat": "1",
                    "child": [{"email": "c@d.example"}],
                },
                "status": "closed",
                "total": {"#text": 7, "@currency": "CHF"},
                "card": "4711",
                "tag": ["x", "y"],
                "file": base64.b64encode(b"abc").decode(),
            }
        },
    )

    def plain(node: Any) -> Any:
        kind = node.attrib.get(f"{{{XSI}}}type", "").rpartition(":")[2]
        attributes = {key: one for key, one in node.attrib.items() if not key.startswith(f"{{{XSI}}}")}
        return (node.tag, kind, attributes, (node.text or "").strip(), [plain(one) for one in node])

    assert plain(etree.fromstring(written(ours))) == plain(expected)


WRONG = {
    "not listed": ({**ORDER, "status": "lost"}, "'order/status'.*one of 'open', 'closed'"),
    "missing": ({**ORDER, "party": {}}, "needs a value for 'order/party/email'"),
    "unknown": ({**ORDER, "colour": 1}, "no field 'colour'"),
    "not a number": ({**ORDER, "party": {"email": "a", "id": "x"}}, "'order/party/id'.*a whole number"),
    "too large": ({**ORDER, "party": {"email": "a", "id": 2**63}}, "a whole number between"),
    "no date": ({**ORDER, "placed": "yesterday"}, "'order/placed'.*a date and time"),
    "no such day": ({**ORDER, "placed": "2026-02-31T00:00:00Z"}, "that exists"),
    "not base64": ({**ORDER, "file": "%%%"}, "bytes in base64"),
    "control character": ({**ORDER, "card": "a\x00b"}, "control characters"),
    "unknown kind": ({**ORDER, "party": {"@type": "Alien", "email": "a"}}, "a type of this API"),
    "attribute missing": ({**ORDER, "total": 5}, "'order/total/@currency'"),
    "text for an object": ({**ORDER, "party": "ada"}, "'order/party'.*an object"),
}


@pytest.mark.parametrize(("order", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_said_before_it_is_sent(order: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        request(MADE, "create_order", {"order": order})


def test_an_answer_is_typed_and_what_may_repeat_is_a_list() -> None:
    body = (
        '<t:GetOrderResponse><t:order><t:party xsi:type="t:Company" lang="de"><t:id>7</t:id>'
        '<t:email>a@b.example</t:email><t:vat xsi:nil="true"/><t:child><t:email>c</t:email></t:child>'
        "</t:party><t:status>open</t:status>"
        '<t:total currency="EUR">19.90</t:total><t:placed>2026-01-31T09:30:00Z</t:placed><t:cash>1</t:cash>'
        "<t:tag>one</t:tag></t:order></t:GetOrderResponse>"
    )
    assert got(MADE, "get_order", body) == {
        "order": {
            "party": {
                "@type": "Company",
                "@lang": "de",
                "id": 7,
                "email": "a@b.example",
                "vat": None,
                "child": [{"email": "c"}],
            },
            "status": "open",
            "total": {"@currency": "EUR", "#text": 19.9},
            "placed": "2026-01-31T09:30:00Z",
            "cash": True,
            "tag": ["one"],
        }
    }


def test_namespaces_that_the_server_gets_wrong_do_not_matter_and_unknown_elements_are_kept() -> None:
    body = "<GetOrderResponse><order><status>open</status><extra><n>1</n><n>2</n></extra></order></GetOrderResponse>"
    order = got(MADE, "get_order", body)["order"]
    assert order == {"status": "open", "tag": [], "extra": {"n": ["1", "2"]}}


ROWS = (
    '<xs:complexType name="Row"><xs:all><xs:element name="id" type="xs:int"/><xs:element name="next" type="t:Row"'
    ' minOccurs="0"/></xs:all></xs:complexType><xs:complexType name="Rows"><xs:complexContent>'
    '<xs:restriction base="enc:Array"><xs:attribute ref="enc:arrayType" wsdl:arrayType="t:Row[]"/></xs:restriction>'
    "</xs:complexContent></xs:complexType>"
)
ENCODED = import_document(rpc(ROWS, "<part name='rows' type='t:Rows'/>", "<part name='return' type='t:Rows'/>"))


def test_encoded_arrays_say_what_they_hold() -> None:
    made = request(ENCODED, "get_orders", {"rows": [{"id": 1}, {"id": 2}]})
    assert made.url() == "https://shop.example/server.php?svc=orders"
    call = sent(ENCODED, "get_orders", {"rows": [{"id": 1}, {"id": 2}]})
    assert call.tag == f"{{{NS}}}getOrders"
    rows = call[0]
    assert rows.tag == "rows"
    kinds = {key.partition("}")[2]: one for key, one in rows.attrib.items()}
    assert kinds["arrayType"].endswith(":Row[2]")
    assert kinds["type"].endswith(":Array")
    assert rows[0].attrib[f"{{{XSI}}}type"].endswith(":Row")
    assert rows[0][0].attrib[f"{{{XSI}}}type"].endswith(":int")


def test_encoded_answers_lead_to_elements_elsewhere_even_in_a_circle() -> None:
    body = (
        '<t:getOrdersResponse><return href="#a"/></t:getOrdersResponse><multiRef id="a"><item href="#b"/>'
        "<item><id>2</id></item></multiRef>"
        '<multiRef id="b"><id>1</id><next href="#b"/></multiRef>'
    )
    assert got(ENCODED, "get_orders", body) == {"return": [{"id": 1, "next": None}, {"id": 2}]}


def test_references_that_unfold_without_end_are_refused() -> None:
    levels = "".join(
        f'<multiRef id="r{i}"><a href="#r{i + 1}"/><b href="#r{i + 1}"/><id>1</id></multiRef>' for i in range(40)
    )
    body = f'<t:getOrdersResponse><return><item href="#r0"/></return></t:getOrdersResponse>{levels}'
    with pytest.raises(NotReadable, match="unfolds"):
        got(ENCODED, "get_orders", body)


@pytest.mark.parametrize(
    ("body", "version", "fault"),
    [
        (
            (
                "<s:Fault><faultcode>s:Client</faultcode><faultstring>no  such order</faultstring>"
                "<detail><t:Problem><code>E1</code></t:Problem></detail></s:Fault>"
            ),
            E11,
            {"code": "Client", "reason": "no such order", "detail": {"Problem": {"code": "E1"}}, "kind": "client"},
        ),
        (
            (
                "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>t:Busy</s:Value></s:Subcode></s:Code>"
                "<s:Reason><s:Text xml:lang='en'>try later</s:Text></s:Reason></s:Fault>"
            ),
            E12,
            {"code": "Receiver", "subcodes": ["Busy"], "reason": "try later", "kind": "server"},
        ),
        (
            "<s:Fault><faultcode>w:FailedAuthentication</faultcode><faultstring>no</faultstring></s:Fault>",
            E11,
            {"code": "FailedAuthentication", "reason": "no", "kind": "auth"},
        ),
        (
            "<s:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>Session expired</faultstring></s:Fault>",
            E11,
            {"code": "INVALID_SESSION_ID", "reason": "Session expired", "kind": "auth"},
        ),
        (
            "<s:Fault><faultcode>s:Server</faultcode><faultstring>REQUEST_LIMIT_EXCEEDED</faultstring></s:Fault>",
            E11,
            {"code": "Server", "reason": "REQUEST_LIMIT_EXCEEDED", "kind": "limited"},
        ),
    ],
    ids=["1.1", "1.2", "authentication", "session", "limit"],
)
@pytest.mark.parametrize("status", [200, 500])
def test_faults(body: str, version: str, fault: dict[str, Any], status: int) -> None:
    assert got(MADE, "get_order", body, version=version, status=status) == {"soap:Fault": fault}


def test_a_server_fault_is_tried_again_only_where_nothing_is_written() -> None:
    def rule(id: str) -> str:
        context = context_of(Account(manifest=MADE), block_of(MADE, id))
        return next(one.then for one in context.rules if one.equals == "server")

    assert (rule("get_order"), rule("create_order")) == ("retry", "fail")


def test_files_beside_the_envelope() -> None:
    text = (
        f'<s:Envelope xmlns:s="{E11}"><s:Body><GetOrderResponse xmlns="{NS}"><order><status>open</status><file>'
        '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:one@x"/></file></order>'
        "</GetOrderResponse></s:Body></s:Envelope>"
    )
    body = (
        "preamble\r\n--b1\r\nContent-Type: application/xop+xml\r\nContent-ID: <root>\r\n\r\n" + text + "\r\n--b1\r\n"
        "Content-Type: application/pdf\r\nContent-ID: <one@x>\r\n\r\n\x00\x01\r\n\r\n--b1\r\nContent-Type: text/plain;"
        ' name="../n.txt"\r\nContent-ID: <two>\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--b1--\r\n'
    ).encode()
    one = block_of(MADE, "get_order")
    kind = 'multipart/related; type="application/xop+xml"; start="<root>"; boundary="b1"'
    found = transport_of(one, MADE).decode(one, body, kind, expect="json", status=200)
    assert base64.b64decode(found["order"]["file"]) == b"\x00\x01\r\n"
    assert found["#attachments"] == [
        {"name": "n.txt", "content_type": 'text/plain; name="../n.txt"', "base64": "aGk=", "size": 2}
    ]
    with pytest.raises(NotReadable, match="cut"):
        transport_of(one, MADE).decode(one, body[:-60], kind, expect="json", status=200)


@pytest.mark.parametrize(
    ("body", "said", "broken"),
    [
        (b"<s:Envelope xmlns:s='" + E11.encode() + b"'><s:Body>", "cut", True),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "type declaration", False),
        (b"<a/>", "instead of a SOAP envelope", False),
        (b"<html><form>Log in</form></html>", "sign-in page", False),
        (b"<a>" * 500, "deeper", False),
    ],
    ids=["cut", "dtd", "other xml", "web page", "deep"],
)
def test_what_is_no_envelope_says_why(body: bytes, said: str, broken: bool) -> None:
    one = block_of(MADE, "get_order")
    with pytest.raises(NotReadable, match=said) as caught:
        transport_of(one, MADE).decode(
            one, body, "text/html" if b"html" in body else "text/xml", expect="json", status=200
        )
    assert caught.value.broken is broken


def secured(method: str, **answers: str) -> ET.Element:
    """The header of a request with credentials."""
    account = Account(manifest=MADE, auth_method=method, params={"username": "ada"}, secrets=answers)

    async def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is fetched")

    auth = open_auth(account.method(), account, Surroundings(base=Base(account), tokens=MemoryTokens(), fetch=never))
    made = request(MADE, "get_order", {"id": 1})
    asyncio.run(auth.authenticate(made))
    return ET.fromstring(written(made))[0]


def test_user_name_token_with_the_password() -> None:
    token = secured("wsse", password="s<cret")[0][0]
    assert token.findtext(f"{WSSE}Username") == "ada"
    assert token.findtext(f"{WSSE}Password") == "s<cret"


def test_user_name_token_with_a_digest_is_fresh_each_time() -> None:
    seen = set()
    for _ in range(3):
        token = secured("wsse_digest", password="lovelace")[0][0]
        nonce = base64.b64decode(token.findtext(f"{WSSE}Nonce") or "")
        created = token[-1].text or ""
        expected = base64.b64encode(hashlib.sha1(nonce + created.encode() + b"lovelace").digest()).decode()
        assert token.findtext(f"{WSSE}Password") == expected
        seen.add(nonce)
    assert len(seen) == 3


def test_credentials_in_a_header_of_the_service_itself() -> None:
    types = sequence("AuthHeader", element("UserName", "xs:string") + element("Password", "xs:string"))
    types += sequence("Echo", element("a", "xs:string")) + sequence("EchoResponse", "")
    message = '<message name="H"><part name="a" element="t:AuthHeader"/></message>'
    made = import_document(
        document(types, "Echo", more=message, headers='<s:header message="t:H" part="a" use="literal"/>')
    )
    account = Account(manifest=made, params={"user_name": "ada"}, secrets={"password": "pw"})
    around = Surroundings(base=Base(account), tokens=MemoryTokens(), fetch=None)  # type: ignore[arg-type]
    call = request(made, "echo", {"a": "x"})
    asyncio.run(open_auth(account.method(), account, around).authenticate(call))
    header = ET.fromstring(written(call))[0][0]
    assert header.tag == f"{{{NS}}}AuthHeader"
    assert [one.text for one in header] == ["ada", "pw"]


SESSION = (
    sequence("login", element("username", "xs:string") + element("password", "xs:string"))
    + '<xs:complexType name="LoginResult"><xs:sequence><xs:element name="sessionId" type="xs:string"/></xs:sequence>'
    + "</xs:complexType>"
    + sequence("loginResponse", element("result", "t:LoginResult"))
    + sequence("SessionHeader", element("sessionId", "xs:string"))
    + sequence("getTotal", "")
    + sequence("getTotalResponse", element("total", "xs:int"))
)


@pytest.mark.anyio
async def test_a_session_is_opened_by_the_login_operation_and_again_when_it_has_ended(egress: Egress, api: Api) -> None:
    message = '<message name="H"><part name="s" element="t:SessionHeader"/></message>'
    header = '<s:header message="t:H" part="s" use="literal"/>'
    made = import_document(
        document(SESSION, "login", "getTotal", more=message, headers=header, address=f"{api.base}/soap")
    )
    assert (made.auth[0].kind, block_of(made, "login").auth) == ("session", [])
    logins: list[ET.Element] = []

    async def serve(asked: web.Request) -> web.StreamResponse:
        envelope = ET.fromstring(await asked.read())
        call = envelope[-1][0]
        if call.tag.endswith("login"):
            logins.append(call)
            inner = (
                f'<loginResponse xmlns="{NS}"><result><sessionId>s!{len(logins)}</sessionId></result></loginResponse>'
            )
        elif envelope[0][0][0].text == "s!2":
            inner = f'<getTotalResponse xmlns="{NS}"><total>5</total></getTotalResponse>'
        else:
            fault = "<faultcode>INVALID_SESSION_ID</faultcode><faultstring>Session expired</faultstring>"
            inner = f"<s:Fault>{fault}</s:Fault>"
        text = f'<s:Envelope xmlns:s="{E11}"><s:Body>{inner}</s:Body></s:Envelope>'
        return answer(text.encode(), 500 if "Fault" in inner else 200, content_type="text/xml")

    api.handler = serve
    account = Account(manifest=made, params={"username": "a&b"}, secrets={"password": "<pw>"})
    using = Client(account, egress=egress, tokens=MemoryTokens(), budget=MemoryBudget(), policy=QUICK)
    for _ in range(2):
        assert (await using.call(block_of(made, "get_total"), {})).data == {"total": 5}
    assert [[one.text for one in call] for call in logins] == [["a&b", "<pw>"]] * 2


def fetched(address: str, version: str) -> Manifest:
    """The upstream's service, imported from what it serves; with only one of its two ports for SOAP 1.2."""

    def load(path: str) -> bytes:
        with urllib.request.urlopen(address + path) as answer:
            return bytes(answer.read())

    text = load("/soap/contacts?wsdl")
    if version == "1.2":
        start, end = text.index(b'<port name="Contacts11"'), text.index(b'<port name="Contacts12"')
        text = text[:start] + text[end:]
    schema = {f"{address}/soap/contacts?xsd=1": load("/soap/contacts?xsd=1")}
    return import_document(text, address=f"{address}/soap/contacts?wsdl", parts=schema)


@pytest.mark.anyio
@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_service_end_to_end(egress: Egress, upstream: str, version: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    made = await asyncio.to_thread(fetched, upstream, version)
    assert {one.soap["version"] for one in made.blocks} == {version}

    def client(**account: Any) -> Client:
        return Client(
            Account(manifest=made, **account), egress=egress, tokens=MemoryTokens(), budget=MemoryBudget(), policy=QUICK
        )

    api = client()

    async def call(block_id: str, /, **inputs: Any) -> Any:
        return (await api.call(block_of(made, block_id), inputs)).data

    rows = [one async for one in api.records(block_of(made, "list_contacts"), {})]
    assert [one["id"] for one in rows] == list(range(1, 58))
    assert (await call("get_contact", id=3))["email"] == "user3@example.com"
    assert (await call("find_contact_by_email", email="user4@example.com"))["id"] == 4
    key = (await call("create_contact", contact={"email": "a&<b>@x.example", "name": "Ünï"}))["id"]
    assert (await call("update_contact", contact={"id": key, "email": "c@x.example", "name": None}))["updated"] is True
    assert (await call("get_contact", id=key))["name"] is None
    assert (await call("delete_contact", id=key))["deleted"] is True
    with pytest.raises(UpstreamRefused, match="no such contact") as refused:
        await call("get_contact", id=key)
    assert refused.value.meta["fault"]["detail"] == {"ContactFault": {"code": "NOT_FOUND", "retryable": False}}
    before = api.counters.retries
    with pytest.raises(UpstreamRefused, match="because"):
        await call("fail_always", reason="because")
    assert api.counters.retries == before
    block_of(made, "fail_always").kind = "get"
    failing = client()
    with pytest.raises(UpstreamUnavailable) as unavailable:
        await failing.call(block_of(made, "fail_always"), {"reason": "because"})
    assert unavailable.value.meta["fault"]["code"] in ("Server", "Receiver")
    assert failing.counters.retries > 0
    assert (await api.check()).ok


@pytest.mark.anyio
async def test_a_service_that_wants_a_user_name_token(egress: Egress, upstream: str) -> None:
    made = await asyncio.to_thread(fetched, upstream, "1.1")
    one = block_of(made, "get_contact")
    one.path = "?auth=wsse"

    async def ask(password: str) -> Any:
        account = Account(manifest=made, auth_method="wsse", params={"username": "ada"}, secrets={"password": password})
        api = Client(account, egress=egress, tokens=MemoryTokens(), budget=MemoryBudget(), policy=QUICK)
        return (await api.call(one, {"id": 1})).data

    assert (await ask("lovelace"))["id"] == 1
    with pytest.raises(ReconnectNeeded, match="UsernameToken"):
        await ask("wrong")
