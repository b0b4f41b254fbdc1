"""WSDL: what becomes of each construct, what is refused, and what a missing file costs."""

from __future__ import annotations

import pytest

from tests.connectors.importers.wsdls import NS, SHOP, document, element, rpc, sequence
from tests.fixtures.shared import shared_dir
from tieline.connectors.importers import import_document
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.manifest import io
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.model import Block, Manifest, Paging

ECHO = sequence("Echo", element("a", "xs:string")) + sequence("EchoResponse", element("b", "xs:string"))


def block(manifest: Manifest, id: str) -> Block:
    return next(one for one in manifest.blocks if one.id == id)


def codes(manifest: Manifest) -> list[str]:
    return [one.code for one in manifest.warnings]


def test_an_operation_becomes_a_block_with_typed_inputs() -> None:
    made = import_document(SHOP)
    assert (made.title, made.servers[0].url) == ("Shop", "https://shop.example/soap")
    create, get = block(made, "create_order"), block(made, "get_order")
    assert (create.kind, create.transport, create.method, create.writes) == ("create", "soap", "POST", True)
    assert (get.kind, get.writes, get.records, get.description) == ("get", False, "$.order", "Does GetOrder.")
    assert [(one.id, one.type, one.required, one.name) for one in get.inputs] == [("id", "integer", True, "/id")]
    assert create.soap["action"] == NS + "/CreateOrder"
    assert create.soap["version"] == "1.1"
    assert io.load(io.dump(made)) == made


def test_enumerations_choices_attributes_and_inheritance_are_kept() -> None:
    made = import_document(SHOP)
    order, party = made.schemas["Order"], made.schemas["Party"]
    assert made.schemas["Status"]["enum"] == ["open", "closed"]
    assert order["required"] == ["party", "status"]
    assert order["properties"]["tag"] == {"type": "array", "items": {"type": "string"}}
    assert party["properties"]["@type"]["enum"] == ["Company"]
    assert set(made.schemas["Money"]["properties"]) == {"#text", "@currency"}
    types = made.soap["types"]
    assert types["Company"]["base"] == "Party"
    assert [one["name"] for one in types["Company"]["fields"]] == ["vat", "child"]
    assert types["Company"]["fields"][0]["nil"] is True


def test_reads_are_told_from_writes_by_their_names() -> None:
    names = {
        "GetOrder": ("get", False),
        "ListOrders": ("list", False),
        "SearchOrders": ("search", False),
        "FindOrderByEmail": ("get_by", False),
        "describeOrder": ("get", False),
        "AddOrder": ("create", True),
        "UpdateOrder": ("update", True),
        "RemoveOrder": ("delete", True),
        "Recalculate": ("action", True),
    }
    rows = element("order", "t:Row", 'minOccurs="0" maxOccurs="unbounded"')
    types = f'<xs:complexType name="Row"><xs:sequence>{element("id", "xs:int")}</xs:sequence></xs:complexType>'
    for name in names:
        several = name in ("ListOrders", "SearchOrders")
        types += sequence(name, element("email", "xs:string"))
        types += sequence(name + "Response", rows if several else element("order", "t:Row"))
    made = import_document(document(types, *names))
    assert {one.soap["input"]["name"]: (one.kind, one.writes) for one in made.blocks} == names


def test_pages_are_found_in_the_body() -> None:
    asked = element("page", "xs:int", 'default="1"') + element("pageSize", "xs:int", 'minOccurs="0"')
    row = f'<xs:complexType name="Row"><xs:sequence>{element("id", "xs:int")}</xs:sequence></xs:complexType>'
    got = element("row", "t:Row", 'minOccurs="0" maxOccurs="unbounded"') + element("hasMore", "xs:boolean")
    made = import_document(document(row + sequence("ListRows", asked) + sequence("ListRowsResponse", got), "ListRows"))
    (one,) = made.blocks
    assert one.records == "$.row"
    assert isinstance(one.paging, Paging)
    assert (one.paging.style, one.paging.param, one.paging.location) == ("page", "/page", "body")
    assert one.paging.has_more == "$.hasMore"


def test_recursive_types_stay_references() -> None:
    node = '<xs:complexType name="Node"><xs:sequence><xs:element name="child" type="t:Node" minOccurs="0"'
    node += ' maxOccurs="unbounded"/></xs:sequence></xs:complexType>'
    types = node + sequence("GetTree", element("id", "xs:int")) + sequence("GetTreeResponse", element("root", "t:Node"))
    made = import_document(document(types, "GetTree"))
    assert made.schemas["Node"]["properties"]["child"]["items"] == {"$ref": "#/schemas/Node"}


def test_rpc_encoded_with_arrays() -> None:
    types = (
        '<xs:complexType name="Row"><xs:all><xs:element name="id" type="xs:int"/></xs:all></xs:complexType>'
        '<xs:complexType name="Rows"><xs:complexContent><xs:restriction base="enc:Array">'
        '<xs:attribute ref="enc:arrayType" wsdl:arrayType="t:Row[]"/></xs:restriction></xs:complexContent>'
        "</xs:complexType>"
    )
    made = import_document(rpc(types, "<part name='since' type='xs:dateTime'/>", "<part name='return' type='t:Rows'/>"))
    one, since = made.blocks
    assert (one.kind, one.records, one.path) == ("list", "$.return", "?svc=orders")
    assert (since.kind, since.incremental.param if since.incremental else "") == ("incremental", "/since")
    assert one.soap["style"] == "rpc"
    assert one.soap["encoded"] is True
    assert made.soap["types"]["Rows"]["array"] == "Row"


def test_overloads_become_blocks_of_their_own() -> None:
    types = ECHO + sequence("Echo2", element("n", "xs:int"))
    text = document(types, "Echo").decode()
    text = text.replace(
        "</portType>", '<operation name="Echo"><input name="byNumber" message="t:M2"/></operation></portType>'
    )
    text = text.replace("<portType", '<message name="M2"><part name="p" element="t:Echo2"/></message><portType', 1)
    bound = '<operation name="Echo"><s:operation soapAction="2"/><input name="byNumber"><s:body use="literal"/></input>'
    made = import_document(text.replace("</binding>", bound + "</operation></binding>").encode())
    assert [(one.id, one.inputs[0].id, one.soap.get("one_way", False)) for one in made.blocks] == [
        ("echo", "a", False),
        ("echo_by_number", "n", True),
    ]


def test_soap_1_1_is_chosen_where_both_are_offered_and_http_bindings_are_left_out() -> None:
    text = document(ECHO, "Echo").decode()
    new = text[text.index("<binding") : text.index("</definitions>")].replace("/wsdl/soap/", "/wsdl/soap12/")
    new = new.replace("name='B'", "name='B12'").replace("'t:B'", "'t:B12'").replace("name='Port'", "name='Port12'")
    http = (
        "<binding name='H' type='t:P'><h:binding xmlns:h='http://schemas.xmlsoap.org/wsdl/http/' verb='GET'/></binding>"
    )
    made = import_document(text.replace("</definitions>", new + http + "</definitions>").encode())
    (one,) = made.blocks
    assert (one.soap["version"], one.soap["also"]) == ("1.1", ["1.2"])
    assert "http-binding" in codes(made)
    assert import_document(document(ECHO, "Echo", version="1.2")).blocks[0].soap["version"] == "1.2"


def test_imports_come_from_the_parts() -> None:
    types = sequence("Echo", element("a", "o:Other")) + sequence("EchoResponse", element("b", "xs:string"))
    text = document(types, "Echo", imports='<xs:import namespace="urn:o" schemaLocation="../x/o.xsd"/>')
    text = text.replace(b"<definitions ", b'<definitions xmlns:o="urn:o" ')
    other = (
        b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o"><xs:include'
        b' schemaLocation="inner.xsd"/></xs:schema>'
    )
    inner = (
        b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:complexType name="Other"><xs:sequence>'
        b'<xs:element name="z" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>'
    )
    whole = import_document(text, parts={"../x/o.xsd": other, "../x/inner.xsd": inner})
    assert whole.soap["types"]["Other"] == {"ns": "urn:o", "fields": [{"name": "z", "type": "xs:int"}]}
    assert "missing-import" not in codes(whole)
    alone = import_document(text)
    assert {"missing-import", "missing-type"} <= set(codes(alone))
    assert alone.blocks[0].inputs[0].type == "object"


def test_standard_schemas_need_no_file() -> None:
    types = sequence("Echo", element("to", "w:EndpointReferenceType")) + sequence("EchoResponse", "")
    imports = '<xs:import namespace="http://www.w3.org/2005/08/addressing" schemaLocation="http://www.w3.org/a.xsd"/>'
    text = document(types, "Echo", imports=imports).replace(
        b"<definitions ", b'<definitions xmlns:w="http://www.w3.org/2005/08/addressing" '
    )
    made = import_document(text)
    assert "Address" in made.schemas["EndpointReferenceType"]["properties"]
    assert "missing-import" not in codes(made)


def policy(inner: str) -> str:
    return (
        f'<wsp:Policy xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:sp="urn:sp">{inner}</wsp:Policy>'
    )


@pytest.mark.parametrize(
    ("said", "methods"),
    [
        ("", ["none", "basic", "wsse", "wsse_digest"]),
        (policy("<sp:UsernameToken/>"), ["wsse", "wsse_digest"]),
        (
            policy("<sp:UsernameToken><wsp:Policy><sp:HashPassword/></wsp:Policy></sp:UsernameToken>"),
            ["wsse_digest", "wsse"],
        ),
        (policy("<sp:HttpBasicAuthentication/>"), ["basic"]),
    ],
    ids=["nothing", "user name token", "digest", "basic"],
)
def test_how_callers_authenticate(said: str, methods: list[str]) -> None:
    made = import_document(document(ECHO, "Echo", more=said))
    assert [one.id for one in made.auth] == methods
    assert ("auth-not-said" in codes(made)) == (not said)


def test_a_header_with_credentials_is_asked_once_and_others_per_call() -> None:
    types = ECHO + sequence("AuthHeader", element("UserName", "xs:string") + element("Password", "xs:string"))
    types += sequence("Options", element("dry", "xs:boolean"))
    message = '<message name="H"><part name="a" element="t:AuthHeader"/><part name="o" element="t:Options"/></message>'
    headers = "".join(f'<s:header message="t:H" part="{part}" use="literal"/>' for part in "ao")
    made = import_document(document(types, "Echo", more=message, headers=headers))
    (method,) = made.auth
    assert method.kind == "soap_header"
    assert [(one.name, one.secret) for one in method.fields] == [
        ("/AuthHeader/UserName", False),
        ("/AuthHeader/Password", True),
    ]
    assert [(one.id, one.location) for one in made.blocks[0].inputs] == [("options", "header"), ("a", "body")]


REFUSED: list[tuple[str, bytes, type[Exception], str]] = [
    (
        "dtd",
        b'<!DOCTYPE d [<!ENTITY x "y">]><definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>',
        UnreadableDocument,
        "type declaration",
    ),
    ("cut", SHOP[:-40], UnreadableDocument, "cut or damaged"),
    ("deep", SHOP.replace(b"<types>", b"<types>" + b"<a>" * 400), DocumentTooLarge, "deeper than"),
    ("wsdl 2.0", b'<description xmlns="http://www.w3.org/ns/wsdl"/>', NotAnApiDocument, "WSDL 2.0"),
    ("wadl", b'<application xmlns="http://wadl.dev.java.net/2009/02"/>', NotAnApiDocument, "WADL"),
    ("feed", b'<?xml version="1.0"?><rss version="2.0"/>', NotAnApiDocument, "'rss'"),
    ("schema", b'<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"/>', NotAnApiDocument, "import the WSDL"),
    ("empty", b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>', NotAnApiDocument, "nothing to call"),
]


@pytest.mark.parametrize(("data", "error", "said"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_refused_says_why(data: bytes, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        import_document(data)


def test_groups_that_double_are_stopped() -> None:
    groups = "".join(
        f'<xs:group name="g{i}"><xs:sequence>{2 * f"""<xs:group ref="t:g{i + 1}"/>"""}</xs:sequence></xs:group>'
        for i in range(40)
    )
    groups += f'<xs:group name="g40"><xs:sequence>{element("x", "xs:int")}</xs:sequence></xs:group>'
    types = groups + sequence("Echo", '<xs:group ref="t:g0"/>') + sequence("EchoResponse", "")
    with pytest.raises(DocumentTooLarge, match="fields"):
        import_document(document(types, "Echo"))


CIRCLES = {
    "simple types": '<xs:simpleType name="A"><xs:restriction base="t:B"/></xs:simpleType>'
    '<xs:simpleType name="B"><xs:restriction base="t:A"/></xs:simpleType>',
    "extension": '<xs:complexType name="A"><xs:complexContent><xs:extension base="t:A"/></xs:complexContent>'
    "</xs:complexType>",
    "group": '<xs:group name="G"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:group>'
    '<xs:complexType name="A"><xs:group ref="t:G"/></xs:complexType>',
    "attribute group": '<xs:complexType name="A"><xs:attributeGroup ref="t:G"/></xs:complexType>'
    '<xs:attributeGroup name="G"><xs:attributeGroup ref="t:G"/></xs:attributeGroup>',
}


@pytest.mark.parametrize("inner", CIRCLES.values(), ids=CIRCLES)
def test_definitions_in_a_circle_end(inner: str) -> None:
    types = inner + sequence("Echo", element("a", "t:A")) + sequence("EchoResponse", "")
    assert import_document(document(types, "Echo")).blocks[0].id == "echo"


def test_a_wsdl_that_imports_itself_and_foreign_places_is_read_alone() -> None:
    more = '<import namespace="u" location="https://shop.example/x?wsdl"/><import namespace="v" location="file:///etc/passwd"/>'
    made = import_document(document(ECHO, "Echo", more=more), address="https://shop.example/x?wsdl")
    assert [one.code for one in made.warnings if "import" in one.code] == ["missing-import"]


def test_real_services_are_imported() -> None:
    """A manifest never grows far beyond its document."""
    found = {}
    for folder in sorted((shared_dir() / "corpus" / "wsdl").iterdir()):
        files = {one.name: one.read_bytes() for one in folder.iterdir()}
        main = min((name for name in files if "wsdl" in name), key=len)
        made = import_document(files.pop(main), address=main, parts=files)
        found[folder.name] = len(made.blocks)
        size = (folder / main).stat().st_size + sum(map(len, files.values()))
        assert len(io.dump(made, "json")) < 4 * size + 20_000
        assert io.load(io.dump(made, "json")) == made
    assert found == {"00": 32, "07": 122, "15": 2, "18": 17, "19": 2}


def test_thousands_of_derived_types_do_not_multiply() -> None:
    types = '<xs:complexType name="T0"/>'
    for i in range(1, 4_000):
        inner = element(f"e{i}", f"t:T{i}", 'minOccurs="0"')
        types += f'<xs:complexType name="T{i}"><xs:complexContent><xs:extension base="t:T{i - 1}"><xs:sequence>{inner}'
        types += "</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    types += sequence("Echo", element("a", "t:T3999")) + sequence("EchoResponse", element("b", "t:T0"))
    made = import_document(document(types, "Echo"))
    kinds = [one.get("properties", {}).get("@type", {"enum": []})["enum"] for one in made.schemas.values()]
    offered = [len(one) for one in kinds]
    assert max(offered) <= 1_000
    assert sum(offered) <= 60_000
