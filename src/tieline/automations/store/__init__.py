"""What automations of a tenant keep: values by key, rows of tables, answers of forms, files that are being written."""

from tieline.automations.store.answers import FormAnswers
from tieline.automations.store.data import DataStore
from tieline.automations.store.errors import DataStoreFull, DataStoreScanLimit, OpenFilesFull
from tieline.automations.store.files import RunFiles

__all__ = ["DataStore", "DataStoreFull", "DataStoreScanLimit", "FormAnswers", "OpenFilesFull", "RunFiles"]
