"""From the neutral description of an API to conclusions: kinds, objects, records, paging, auth and the rest.

Nothing here knows a document format. Each module draws one kind of conclusion and says why (`Fact`) and how sure it is.
"""
