"""Backups of the whole database in one file, made while everything runs, and their way back.

manifest = backup.write(url, data_dir, Path("tieline.backup"))
manifest = backup.verify(Path("tieline.backup"))       # reads every byte, touches nothing else
restored = backup.restore(url, data_dir, Path("tieline.backup"))
"""

from tieline.storage.backup.archive import BackupInvalid, Manifest, Part, verify
from tieline.storage.backup.making import write
from tieline.storage.backup.restoring import Restored, restore

__all__ = ["BackupInvalid", "Manifest", "Part", "Restored", "restore", "verify", "write"]
