"""The schemas that everybody imports and nobody ships, reduced to the components that other schemas refer to."""

from __future__ import annotations

from typing import Final

from tieline.connectors.importers.formats.wsdl.names import ENCODING, XSD
from tieline.connectors.manifest.xmlread import XML

_ADDRESSING: Final = (
    "http://www.w3.org/2005/08/addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing",
)
_MIME: Final = ("http://www.w3.org/2005/05/xmlmime", "http://www.w3.org/2004/11/xmlmime")
_UTILITY: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_SECURITY: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
_XOP: Final = "http://www.w3.org/2004/08/xop/include"
_MICROSOFT: Final = "http://schemas.microsoft.com/2003/10/Serialization/"
_ENVELOPES: Final = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")


def _schema(namespace: str, body: str) -> bytes:
    return (
        f'<s:schema xmlns:s="{XSD}" xmlns:t="{namespace}" targetNamespace="{namespace}"'
        f' elementFormDefault="qualified">{body}</s:schema>'
    ).encode()


def _any(name: str) -> str:
    content = '<s:sequence><s:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></s:sequence>'
    return f'<s:complexType name="{name}" mixed="true">{content}<s:anyAttribute/></s:complexType>'


def _valued(name: str, base: str, attributes: str = "") -> str:
    inside = (
        f'<s:simpleContent><s:extension base="s:{base}">{attributes}<s:anyAttribute/></s:extension></s:simpleContent>'
    )
    return f'<s:complexType name="{name}">{inside}</s:complexType>'


def _addressing(namespace: str) -> bytes:
    uris = "".join(
        f'<s:element name="{name}" type="t:AttributedURIType"/>' for name in ("MessageID", "To", "Action", "Address")
    )
    places = "".join(
        f'<s:element name="{name}" type="t:EndpointReferenceType"/>'
        for name in ("EndpointReference", "ReplyTo", "From", "FaultTo")
    )
    reference = (
        '<s:complexType name="EndpointReferenceType"><s:sequence>'
        '<s:element name="Address" type="t:AttributedURIType"/>'
        '<s:any namespace="##any" minOccurs="0" maxOccurs="unbounded"/></s:sequence><s:anyAttribute/></s:complexType>'
    )
    relates = '<s:element name="RelatesTo" type="t:RelatesToType"/>'
    related = _valued("RelatesToType", "anyURI", '<s:attribute name="RelationshipType" type="s:anyURI"/>')
    return _schema(namespace, uris + places + relates + _valued("AttributedURIType", "anyURI") + reference + related)


def _mime(namespace: str) -> bytes:
    kinds = "".join(_valued(name, name, '<s:attribute ref="t:contentType"/>') for name in ("base64Binary", "hexBinary"))
    names = (
        '<s:attribute name="contentType" type="s:string"/><s:attribute name="expectedContentTypes" type="s:string"/>'
    )
    return _schema(namespace, names + kinds)


def _encoding(namespace: str) -> bytes:
    """Arrays and structs of SOAP encoding; its copies of the built-in types are known without a schema."""
    attributes = "".join(
        f'<s:attribute name="{name}" type="s:string"/>'
        for name in ("arrayType", "offset", "position", "itemType", "arraySize", "root")
    )
    return _schema(namespace, attributes + _any("Array") + _any("Struct"))


def _xml(namespace: str) -> bytes:
    """The prefix ``xml`` is bound by itself, and no other one may be."""
    names = "".join(f'<s:attribute name="{name}" type="s:string"/>' for name in ("lang", "space", "base", "id"))
    group = "".join(f'<s:attribute ref="xml:{name}"/>' for name in ("lang", "space", "base"))
    body = f'{names}<s:attributeGroup name="specialAttrs">{group}</s:attributeGroup>'
    return f'<s:schema xmlns:s="{XSD}" targetNamespace="{namespace}">{body}</s:schema>'.encode()


def _microsoft(namespace: str) -> bytes:
    bases = {"char": "int", "duration": "duration", "guid": "string"}
    simple = "".join(
        f'<s:simpleType name="{name}"><s:restriction base="s:{base}"/></s:simpleType>' for name, base in bases.items()
    )
    attributes = "".join(f'<s:attribute name="{name}" type="s:string"/>' for name in ("FactoryType", "Id", "Ref"))
    return _schema(namespace, simple + attributes)


def _security(namespace: str) -> bytes:
    return _schema(namespace, _any("SecurityHeaderType") + '<s:element name="Security" type="t:SecurityHeaderType"/>')


def _utility(namespace: str) -> bytes:
    return _schema(namespace, '<s:attribute name="Id" type="s:ID"/>' + _any("TimestampType"))


def _signature(namespace: str) -> bytes:
    return _schema(namespace, _any("SignatureType") + '<s:element name="Signature" type="t:SignatureType"/>')


def _xop(namespace: str) -> bytes:
    return _schema(namespace, _any("Include") + '<s:element name="Include" type="t:Include"/>')


def _envelope(namespace: str) -> bytes:
    flags = '<s:attribute name="mustUnderstand" type="s:boolean"/><s:attribute name="actor" type="s:anyURI"/>'
    return _schema(namespace, flags + '<s:attribute name="encodingStyle" type="s:string"/>')


_MAKERS: Final = {
    XML: _xml,
    **dict.fromkeys(ENCODING, _encoding),
    **dict.fromkeys(_ADDRESSING, _addressing),
    **dict.fromkeys(_MIME, _mime),
    **dict.fromkeys(_ENVELOPES, _envelope),
    _UTILITY: _utility,
    _SECURITY: _security,
    _SIGNATURE: _signature,
    _XOP: _xop,
    _MICROSOFT: _microsoft,
}


def standard_schema(namespace: str) -> bytes | None:
    """An XML Schema for a namespace that we know, else None."""
    maker = _MAKERS.get(namespace)
    return maker(namespace) if maker is not None else None
