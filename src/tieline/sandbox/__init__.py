"""Two small SaaS products of our own, for the demo and the tests: Gather (events) and Dialbook (telephony).

    from tieline.sandbox import running

    with running(registrations=100) as sandbox:
        print(sandbox.events.url, sandbox.telephony.url)
        sandbox.touch(7)
        print(sandbox.report())

They are real HTTP servers in a process of their own, with their own OpenAPI documents, data, faults and a ledger.
Nothing here knows Tieline, and nothing in Tieline but the demo and the tests knows this.
"""

from tieline.sandbox.running import Product, Running, running

__all__ = ["Product", "Running", "running"]
