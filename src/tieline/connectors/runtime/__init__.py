"""The connector runtime: manifests in action.

Errors are drawn in `errors`, the walk over pages in `pages`, what happens to one call in `exchange`.
"""

from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.budget import Budget, MemoryBudget
from tieline.connectors.runtime.client import Answer, CheckResult, Client
from tieline.connectors.runtime.observer import Counters, Exchange, Observer
from tieline.connectors.runtime.pages import Page
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.runtime.tokens import MemoryTokens, TokenStore

__all__ = [
    "Account",
    "Answer",
    "Budget",
    "CheckResult",
    "Client",
    "Counters",
    "Exchange",
    "MemoryBudget",
    "MemoryTokens",
    "Observer",
    "Page",
    "RetryPolicy",
    "StoredToken",
    "TokenStore",
]
