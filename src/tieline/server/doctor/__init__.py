"""What ``tieline doctor`` looks at: one idea a file, each registers its checks, none changes anything.

for finding in run(patient):
    finding.check, finding.status, finding.detail, finding.mend
"""

from tieline.server.doctor.checks import Finding, Patient, run
from tieline.server.doctor.patient import examined

__all__ = ["Finding", "Patient", "examined", "run"]
