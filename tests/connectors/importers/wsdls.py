"""WSDL documents for the tests of importer and runtime, put together from their interesting part."""

from __future__ import annotations

NS = "urn:test:shop"
_SOAP = {"1.1": "http://schemas.xmlsoap.org/wsdl/soap/", "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/"}
_HEAD = (
    '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    f' xmlns:t="{NS}" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"'
    f' xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{NS}" name="Shop">'
)


def sequence(name: str, inner: str) -> str:
    """A global element around a sequence."""
    return f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inner}</xs:sequence></xs:complexType></xs:element>'


def element(name: str, kind: str, more: str = "") -> str:
    return f'<xs:element name="{name}" type="{kind}" {more}/>'


def document(
    types: str,
    *operations: str,
    version: str = "1.1",
    address: str = "https://shop.example/soap",
    more: str = "",
    headers: str = "",
    imports: str = "",
) -> bytes:
    """A document/literal service whose operation ``X`` sends element ``X`` and gets ``XResponse``."""
    messages = port = binding = ""
    for name in operations:
        messages += f'<message name="{name}In"><part name="p" element="t:{name}"/></message>'
        messages += f'<message name="{name}Out"><part name="p" element="t:{name}Response"/></message>'
        port += f'<operation name="{name}"><documentation>Does {name}.</documentation>'
        port += f'<input message="t:{name}In"/><output message="t:{name}Out"/></operation>'
        binding += f'<operation name="{name}"><s:operation soapAction="{NS}/{name}"/><input>{headers}'
        binding += '<s:body use="literal"/></input><output><s:body use="literal"/></output></operation>'
    schema = f'<xs:schema targetNamespace="{NS}" elementFormDefault="qualified">{imports}{types}</xs:schema>'
    return (
        f"{_HEAD}{more}<types>{schema}</types>{messages}<portType name='P'>{port}</portType>"
        f"<binding xmlns:s='{_SOAP[version]}' name='B' type='t:P'>"
        f"<s:binding style='document' transport='http://schemas.xmlsoap.org/soap/http'/>{binding}</binding>"
        f"<service name='Shop'><port name='Port' binding='t:B'><s:address xmlns:s='{_SOAP[version]}'"
        f" location='{address}'/></port></service></definitions>"
    ).encode()


def rpc(types: str, parts_in: str, parts_out: str, *, use: str = "encoded", name: str = "getOrders") -> bytes:
    """An RPC service with one operation."""
    style = 'encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"' if use == "encoded" else ""
    body = f'<s:body use="{use}" {style} namespace="{NS}"/>'
    return (
        f"{_HEAD}<types><xs:schema targetNamespace='{NS}'>{types}</xs:schema></types>"
        f"<message name='In'>{parts_in}</message><message name='Out'>{parts_out}</message>"
        f"<portType name='P'><operation name='{name}'><input message='t:In'/><output message='t:Out'/></operation>"
        f"</portType><binding xmlns:s='{_SOAP['1.1']}' name='B' type='t:P'>"
        "<s:binding style='rpc' transport='http://schemas.xmlsoap.org/soap/http'/>"
        f"<operation name='{name}'><s:operation soapAction='run'/><input>{body}</input><output>{body}</output>"
        "</operation></binding><service name='Shop'><port name='Port' binding='t:B'>"
        f"<s:address xmlns:s='{_SOAP['1.1']}' location='https://shop.example/server.php?svc=orders'/></port></service>"
        "</definitions>"
    ).encode()


CUSTOMER = (
    '<xs:simpleType name="Status"><xs:restriction base="xs:string"><xs:enumeration value="open"/>'
    '<xs:enumeration value="closed"/></xs:restriction></xs:simpleType>'
    '<xs:complexType name="Party"><xs:sequence><xs:element name="id" type="xs:long" minOccurs="0"/>'
    '<xs:element name="email" type="xs:string"/></xs:sequence><xs:attribute name="lang" type="xs:string"/>'
    "</xs:complexType>"
    '<xs:complexType name="Company"><xs:complexContent><xs:extension base="t:Party"><xs:sequence>'
    '<xs:element name="vat" type="xs:string" nillable="true"/>'
    '<xs:element name="child" type="t:Party" minOccurs="0" maxOccurs="unbounded"/>'
    "</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    '<xs:complexType name="Money"><xs:simpleContent><xs:extension base="xs:decimal">'
    '<xs:attribute name="currency" type="xs:string" use="required"/></xs:extension></xs:simpleContent>'
    "</xs:complexType>"
    '<xs:complexType name="Order"><xs:sequence><xs:element name="party" type="t:Party"/>'
    '<xs:element name="status" type="t:Status"/><xs:element name="total" type="t:Money" minOccurs="0"/>'
    '<xs:element name="placed" type="xs:dateTime" minOccurs="0"/>'
    '<xs:choice><xs:element name="card" type="xs:string"/><xs:element name="cash" type="xs:boolean"/></xs:choice>'
    '<xs:element name="tag" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>'
    '<xs:element name="file" type="xs:base64Binary" minOccurs="0"/></xs:sequence></xs:complexType>'
    + sequence("CreateOrder", element("order", "t:Order"))
    + sequence("CreateOrderResponse", element("id", "xs:long"))
    + sequence("GetOrder", element("id", "xs:long"))
    + sequence("GetOrderResponse", element("order", "t:Order", 'minOccurs="0"'))
)
SHOP = document(CUSTOMER, "CreateOrder", "GetOrder")
