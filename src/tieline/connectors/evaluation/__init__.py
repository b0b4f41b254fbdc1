"""How well documents are understood: labels in, recall and precision out."""

from tieline.connectors.evaluation.labels import Label, LabelSet, PagingLabel
from tieline.connectors.evaluation.reading import read_labels
from tieline.connectors.evaluation.run import Evaluation, evaluate
from tieline.connectors.evaluation.vendor import vendor_labels

__all__ = ["Evaluation", "Label", "LabelSet", "PagingLabel", "evaluate", "read_labels", "vendor_labels"]
