"""What automations of a tenant keep: values by key, rows of tables, and the answers of their forms."""

from tieline.automations.store.answers import FormAnswers
from tieline.automations.store.data import DataStore
from tieline.automations.store.errors import DataStoreFull, DataStoreScanLimit

__all__ = ["DataStore", "DataStoreFull", "DataStoreScanLimit", "FormAnswers"]
