"""Namespaces of WSDL, SOAP and XML Schema, and what the built-in types of XML Schema are in JSON."""

from __future__ import annotations

from typing import Any, Final

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL2: Final = ("http://www.w3.org/ns/wsdl", "http://www.w3.org/2006/01/wsdl")
WADL: Final = ("http://wadl.dev.java.net/2009/02", "http://research.sun.com/wadl/2006/10")
SOAP11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
HTTP: Final = "http://schemas.xmlsoap.org/wsdl/http/"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
OLD_XSD: Final = ("http://www.w3.org/1999/XMLSchema", "http://www.w3.org/2000/10/XMLSchema")
ENCODING: Final = ("http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding")
VERSIONS: Final = {SOAP11: "1.1", SOAP12: "1.2"}

_INTEGERS: Final = frozenset(
    "integer long int short byte unsignedLong unsignedInt unsignedShort unsignedByte nonNegativeInteger "
    "positiveInteger nonPositiveInteger negativeInteger".split()
)
_TEXTS: Final = frozenset(
    "string normalizedString token language NMTOKEN NMTOKENS Name NCName ID IDREF IDREFS ENTITY ENTITIES anyURI QName "
    "NOTATION duration gYearMonth gYear gMonthDay gDay gMonth hexBinary anySimpleType anyAtomicType dayTimeDuration "
    "yearMonthDuration time dateTimeStamp timeInstant uriReference".split()
)


def builtin_schema(name: str) -> dict[str, Any] | None:
    """The JSON Schema of a built-in type by its local name, None for a name that XML Schema does not have."""
    if name in _INTEGERS:
        low = {"positiveInteger": 1}.get(name, 0 if name.startswith(("unsigned", "nonNegative")) else None)
        return {"type": "integer"} if low is None else {"type": "integer", "minimum": low}
    match name:
        case "boolean":
            return {"type": "boolean"}
        case "decimal" | "float" | "double":
            return {"type": "number"}
        case "dateTime" | "dateTimeStamp" | "timeInstant":
            return {"type": "string", "format": "date-time"}
        case "date" | "time":
            return {"type": "string", "format": name}
        case "base64Binary" | "base64":
            return {"type": "string", "contentEncoding": "base64"}
        case "anyURI" | "uriReference":
            return {"type": "string", "format": "uri"}
        case "anyType" | "ur-type":
            return {}
    return {"type": "string"} if name in _TEXTS else None
