"""SOAP 1.1 and 1.2 on the wire: values to envelopes, envelopes to values. Needs no WSDL, only what a block says.

Attributes are ``@name``, the text of an element that has attributes too is ``#text``, the kind of a value that is not
of its declared type is ``@type``; what is nil is null and what may repeat is always a list.
"""
