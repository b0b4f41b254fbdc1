"""File blocks."""

from __future__ import annotations

from tieline.automations.blocks.file_reading import MODES
from tieline.automations.blocks.file_rows import ENCODINGS
from tieline.automations.blocks.palette.common import BODY
from tieline.automations.blocks.palette.model import Choice, Described, Field, choices, describe, one_of, yes_no

_STORAGES = choices(
    local="Sandbox of the account",
    ftp="FTP",
    sftp="SFTP",
    s3="Amazon S3",
    http="HTTP",
    **{"google cloud storage": "Google Cloud Storage", "azure blob storage": "Azure Blob Storage"},
)
_STORAGE = one_of(
    "datasourcetype",
    "Storage",
    "The sandbox needs no connection; another kind means the one connection of it, or the one that is chosen.",
    _STORAGES,
    default="local",
)
_CONNECTION = Field(
    "datasource",
    "Connection",
    "connection",
    "To a storage.",
    formula=False,
    only=("file-ftp", "file-sftp", "file-s3", "file-http", "file-gcs", "file-azure-blob"),
)
_WEB = {"datasourcetype": ("http",)}
_URL = (
    Field("url", "URL", "text", "In place of a connection.", shown_when=_WEB),
    Field("params", "Query", "mapping", shown_when=_WEB, advanced=True),
)
_HEADERS = Field("headers_sent", "Headers", "mapping", shown_when=_WEB, advanced=True, other_ids=("headers",))
_DELIMITER = Field(
    "delimiter", "Delimiter", "text", "One character, or comma, semicolon, tab, pipe.", example="semicolon"
)
_COLUMNS = Field("columns", "Columns", "text", "Names with commas; empty: all.", advanced=True)
_READ = Field("file", "File", "any", "The output of an open file block.", example="{$.file}")
_WRITTEN = Field("file", "File", "any", "The output of a create file block.", required=True, example="{$.created}")
_OVERWRITE = yes_no("overwrite", "Replace what is there", default="yes")
_FOUND = {"name": "a.csv", "path": "in/a.csv", "size": 6, "modified": "2026-01-02T03:04:05Z", "type": "file"}


def _path(label: str = "Path", *others: str, identity: str = "path", required: bool = True) -> Field:
    return Field(identity, label, required=required, example="in/people.csv", other_ids=others)


describe(
    Described(
        "OpenFileBlock",
        "files",
        "Open file",
        "file",
        inputs=(_path("Path", "file_path"), *_URL, _HEADERS),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        output={"connection": "sandbox", "mode": "read", **_FOUND},
    ),
    Described(
        "ReadDataFromFileBlock",
        "files",
        "Read data from file",
        "file",
        inputs=(
            _READ,
            _path("Path", required=False),
            *_URL,
            Field("headers_sent", "Headers of the request", "mapping", shown_when=_WEB, advanced=True),
            Field(
                "mode",
                "Read as",
                "select",
                "",
                tuple(Choice(mode, mode) for mode in MODES),
                default="automatic",
                other_ids=("read_mode",),
            ),
            yes_no("headers", "First row has names", "Of CSV.", default="yes", other_ids=("has_headers", "header")),
            _DELIMITER,
            Field("encoding", "Encoding", "text", "UTF-8 where nothing else is said.", advanced=True),
            _COLUMNS,
            Field("limit", "At most", "number", advanced=True, other_ids=("maxitemcount",)),
        ),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        branches=(BODY,),
        body="optional",
        output=[{"name": "Ada", "age": "36"}],
        aliases=("ReadFileBlock",),
        keywords=("csv", "json", "import"),
    ),
    Described(
        "ListFilesBlock",
        "files",
        "List files",
        "folder",
        inputs=(
            Field("path", "Folder", example="in", other_ids=("folder", "directory")),
            Field("pattern", "Pattern", example="*.csv"),
            one_of("type", "What", "", choices(all="Files and folders", file="Files", folder="Folders"), default="all"),
            Field("limit", "At most", "number", advanced=True, other_ids=("maxitemcount",)),
        ),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        branches=(BODY,),
        body="optional",
        output=[_FOUND],
        keywords=("directory",),
    ),
    Described(
        "CheckIfFileExistsBlock",
        "files",
        "Check if file exists",
        "file",
        inputs=(_path("Path", "file_path"), *_URL, _HEADERS),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        output=True,
        aliases=("FileExistsBlock", "CheckFileExistsBlock"),
    ),
    Described(
        "CreateFileBlock",
        "files",
        "Create file",
        "file-plus",
        inputs=(
            _path("Path", "file_path", "file_name"),
            Field("format", "Format", "select", "", choices("auto", "csv", "json", "text"), False, "auto", None, False),
            _DELIMITER,
            yes_no("header", "First row with names", "Of CSV.", default="yes", other_ids=("headers",)),
            _COLUMNS,
            Field(
                "encoding", "Encoding", "select", "", tuple(Choice(name, name) for name in ENCODINGS), default="utf-8"
            ),
            one_of("line_ending", "Line ending", "", choices(lf="LF", crlf="CR LF"), default="lf", advanced=True),
            one_of(
                "on_existing",
                "Where the path is taken",
                "",
                choices(overwrite="Replace it", fail="Fail"),
                default="overwrite",
            ),
        ),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        output={"connection": "sandbox", "mode": "write", "id": "1", "path": "out/b.csv", "name": "b.csv"},
        keywords=("export", "csv"),
    ),
    Described(
        "WriteLineToFileBlock",
        "files",
        "Write to file",
        "file-edit",
        inputs=(
            _WRITTEN,
            Field(
                "data", "Data", "any", "Text, an object, or a list of rows.", required=True, other_ids=("line", "value")
            ),
        ),
        output={"size": 8},
        aliases=("WriteLineBlock",),
        keywords=("append", "row"),
    ),
    Described(
        "SaveAndCloseFileBlock",
        "files",
        "Save and close file",
        "save",
        inputs=(_WRITTEN,),
        output={"connection": "sandbox", "mode": "read", "path": "out/b.csv", "name": "b.csv", "size": 20},
        aliases=("CloseFileBlock", "SaveCloseFileBlock"),
    ),
    Described(
        "CopyFileBlock",
        "files",
        "Copy file",
        "copy",
        inputs=(
            _READ,
            _path("Path of the file", "source", "from", identity="source_path", required=False),
            _path("New path", "destination_path", "destination", "target_path", "to"),
            _OVERWRITE,
        ),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        output={"connection": "sandbox", "mode": "read", "path": "out/b.csv", "name": "b.csv"},
        keywords=("upload", "download"),
    ),
    Described(
        "MoveFileBlock",
        "files",
        "Move file",
        "move",
        inputs=(
            _path("Path", "path", "source", "from", identity="source_path"),
            _path("New path", "destination", "target_path", "new_path", "to", identity="destination_path"),
            _OVERWRITE,
        ),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        output={"connection": "sandbox", "mode": "read", "path": "done/e.txt", "name": "e.txt"},
        keywords=("rename",),
    ),
    Described(
        "DeleteFileBlock",
        "files",
        "Delete file",
        "trash",
        inputs=(_path("Path", "file_path"), yes_no("ignore_missing", "It need not be there")),
        settings=(_CONNECTION,),
        fields=(_STORAGE,),
        output={"deleted": True, "path": "no.txt"},
    ),
)
