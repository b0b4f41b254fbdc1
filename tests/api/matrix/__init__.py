"""What the batteries about tenants share: the document's operations, something of everything, and a look at all rows.

A new operation needs an entry in `registry` (what its path, query and body name) where it names anything new; without
one, `test_tenant_matrix` fails and says which.
"""
