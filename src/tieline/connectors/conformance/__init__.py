"""Offline conformance: every block of a manifest against a mock that is made of the manifest itself.

    certificate = await conform(manifest)
    print("\\n".join(certificate.lines()))

Requests go through the real runtime to a server on loopback. `scenarios` holds what is tried, `stage` what the mock
plays, `desks` its authentication, `paging` its lists.
"""

from tieline.connectors.conformance.certificate import Certificate, Result, digest
from tieline.connectors.conformance.run import conform

__all__ = ["Certificate", "Result", "conform", "digest"]
