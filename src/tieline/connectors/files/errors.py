"""What can go wrong with files on another side.

TielineError
|-- Terminal
|   |-- FileMissing              the file or folder is not there
|   |-- FileTaken                something of that name is there already
|   |-- FileDenied               the account may not do this
|   |-- FileChanged              the file is another one than when reading began
|   |-- FileTooLarge             over one of our caps
|   |-- StorageFull              no room, or a quota is used up
|   |-- StorageRefused           the storage says no in another way, or cannot do this at all
|   |-- HostKeyMismatch          an SFTP server shows another key than the one that is known
|   `-- StorageLoginRefused      (a ReconnectNeeded) the credentials do not work
|-- BadInput
|   `-- FilePathInvalid          a path that leads nowhere or elsewhere
`-- Transient
    `-- StorageUnavailable       not reached, broke off, or busy
"""

from __future__ import annotations

from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.errors import BadInput, Terminal, Transient


class FileMissing(Terminal):
    """There is no such file or folder."""

    code = "file-missing"
    status = 404
    title = "There is no such file"


class FileTaken(Terminal):
    """A file or folder of that name exists."""

    code = "file-exists"
    status = 409
    title = "The file exists already"


class FileDenied(Terminal):
    """The credentials work, but not for this."""

    code = "file-denied"
    status = 403
    title = "No permission for the file"


class FileChanged(Terminal):
    """Somebody replaced the file while it was read."""

    code = "file-changed"
    status = 409
    title = "The file changed while it was read"


class FileTooLarge(Terminal):
    """More bytes than may be written or held."""

    code = "file-too-large"
    status = 413
    title = "The file is too large"


class FilePathInvalid(BadInput):
    """A path that could lead out of its folder, or that some storage would read differently."""

    code = "file-path-invalid"
    title = "Invalid path of a file"


class StorageFull(Terminal):
    """The disk, bucket or sandbox holds as much as it may."""

    code = "storage-full"
    status = 507
    title = "The storage is full"


class StorageRefused(Terminal):
    """The storage will say the same again."""

    code = "storage-refused"
    status = 502
    title = "The storage refused the request"


class StorageUnavailable(Transient):
    """No answer, half an answer, or "come back later"."""

    code = "storage-unavailable"
    status = 502
    title = "The storage cannot be reached"


class StorageLoginRefused(ReconnectNeeded):
    """Wrong or expired credentials."""

    code = "storage-login-refused"
    status = 409
    title = "The storage does not accept the credentials"


class HostKeyMismatch(Terminal):
    """The server is not the one whose key is known, or none is known yet."""

    code = "host-key-mismatch"
    status = 409
    title = "The server's host key is not the known one"
