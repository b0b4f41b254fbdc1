"""For authors of connectors: a manifest to begin with, publishing, and a folder from which manifests are picked up."""

from tieline.connectors.kit.folder import Found, Problem, read_folder
from tieline.connectors.kit.offering import Offering
from tieline.connectors.kit.publishing import Published, publish
from tieline.connectors.kit.reading import read_file
from tieline.connectors.kit.scaffold import scaffold

__all__ = ["Found", "Offering", "Problem", "Published", "publish", "read_file", "read_folder", "scaffold"]
