"""Other names under which documents have file blocks."""

from __future__ import annotations

from tieline.automations.blocks import file_writes, files
from tieline.automations.engine.registry import register


@register
class FileExistsBlock(files.CheckIfFileExistsBlock):
    type = "FileExistsBlock"
    doc = "Check if file exists, under another name."


@register
class CheckFileExistsBlock(files.CheckIfFileExistsBlock):
    type = "CheckFileExistsBlock"
    doc = "Check if file exists, under another name."


@register
class CloseFileBlock(file_writes.SaveAndCloseFileBlock):
    type = "CloseFileBlock"
    doc = "Save and close file, under another name."


@register
class SaveCloseFileBlock(file_writes.SaveAndCloseFileBlock):
    type = "SaveCloseFileBlock"
    doc = "Save and close file, under another name."


@register
class WriteLineBlock(file_writes.WriteLineToFileBlock):
    type = "WriteLineBlock"
    doc = "Write line to file, under another name."


@register
class ReadFileBlock(files.ReadDataFromFileBlock):
    type = "ReadFileBlock"
    doc = "Read data from file, under another name."
