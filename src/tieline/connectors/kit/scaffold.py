"""A manifest to begin with: small, commented, and conforming as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from tieline.connectors.manifest.io import json_schema
from tieline.core.errors import BadInput, Conflict

SCHEMA_FILE: Final = "connector.schema.json"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")

_TEXT: Final = """\
# yaml-language-server: $schema=./{schema}
#
# A connector for Tieline. Editors that know YAML schemas complete and check this file by the line above.
#   tieline connectors test {file}       runs every block against a mock made of this file
#   tieline connectors import {file}     gives it to your server
#   tieline connectors publish {file} --to FOLDER
schema: tieline.connector/1
name: {name}
title: {title}
version: 0.1.0                     # raise it with every change that you publish
description: What the API is for, in a sentence.

servers:
  - url: https://api.example.com/v1

# How a customer connects. `kind`: none api_key basic bearer digest oauth1 oauth2 jwt_bearer session hmac custom.
auth:
  - id: token
    kind: bearer
    label: API token
    fields:
      - {{id: token, label: API token, required: true, secret: true, description: From the settings of your account.}}

# Lists come in pages. `style`: none page offset cursor next_url link_header keyset total.
paging:
  style: cursor
  param: cursor                    # where the cursor goes in the next request
  size_param: limit
  size: 100
  next: $.next_cursor              # where the answer holds it
  stop: [no_next]

# What the API allows; the runtime keeps to it over all workers.
rate: {{calls: 100, seconds: 60}}

# Answers that mean something else than their status says.
errors:
  - {{status: [200], path: $.error, message: $.error.message, then: fail}}

objects:
  - name: contact
    label: Contact
    primary_key: [id]
    created_field: created_at
    updated_field: updated_at

blocks:
  - id: list_contacts
    name: List contacts
    kind: list                     # list search get get_by create update delete incremental list_types list_fields
    object: contact                # webhook_add webhook_remove webhook_list action
    method: GET
    path: /contacts
    records: $.contacts
    output: {{$ref: '#/schemas/Contact'}}

  - id: new_contacts
    name: New and changed contacts
    kind: incremental
    object: contact
    path: /contacts
    records: $.contacts
    incremental: {{by: param, param: updated_since, format: iso, field: updated_at, created_field: created_at}}
    output: {{$ref: '#/schemas/Contact'}}

  - id: get_contact
    name: Get a contact
    kind: get
    object: contact
    path: /contacts/{{id}}
    inputs:
      - {{id: id, location: path, required: true}}
    output: {{$ref: '#/schemas/Contact'}}

  - id: create_contact
    name: Create a contact
    kind: create
    object: contact
    method: POST
    path: /contacts
    body_type: json
    inputs:
      - {{id: email, location: body, name: /email, format: email, required: true}}
      - {{id: name, location: body, name: /name}}
    idempotency: {{kind: header, header: Idempotency-Key}}
    output: {{$ref: '#/schemas/Contact'}}

  - id: delete_contact
    name: Delete a contact
    kind: delete
    object: contact
    method: DELETE
    path: /contacts/{{id}}
    inputs:
      - {{id: id, location: path, required: true}}

schemas:
  Contact:
    type: object
    properties:
      id: {{type: string}}
      email: {{type: string, format: email}}
      name: {{type: string}}
      created_at: {{type: string, format: date-time}}
      updated_at: {{type: string, format: date-time}}
"""


def scaffold(name: str, folder: Path) -> tuple[Path, Path]:
    """Write ``NAME.yaml`` and the schema for editors into ``folder``; gives both paths.

    Raises BadInput for a name that is not lower-case words joined by hyphens, Conflict where the manifest is there.
    """
    if not _NAME.match(name) or len(name) > 100:
        raise BadInput(f"the name {name[:100]!r} must be lower-case letters and digits joined by hyphens")
    file, schema = folder / f"{name}.yaml", folder / SCHEMA_FILE
    if file.exists():
        raise Conflict(f"{file} is there already; choose another name or remove it")
    title = " ".join(word.capitalize() for word in name.split("-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        schema.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
        file.write_text(_TEXT.format(name=name, title=title, file=file.name, schema=SCHEMA_FILE), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{folder} cannot be written ({error.strerror}); name a folder that you may write to") from None
    return file, schema
