"""The words that label files use, and the manifest's word for each."""

from __future__ import annotations

import re
from typing import Any, get_args

from tieline.connectors.evaluation.labels import Role
from tieline.connectors.manifest.model import BlockKind, PagingStyle
from tieline.connectors.manifest.paths import PathError, Step, parse, render

KINDS = frozenset(get_args(BlockKind))
STYLES = frozenset(get_args(PagingStyle))
_NOT_PLAIN = re.compile(r"[^a-z0-9]")
_POINTER = re.compile(r"/|#/")


def plain(word: str) -> str:
    """Only letters and digits, in lower case."""
    return _NOT_PLAIN.sub("", word.lower())


def _words(**groups: str) -> dict[str, str]:
    return {plain(word): name for name, words in groups.items() for word in (name, *words.split())}


# Names of fields in a label.
FIELDS = _words(
    document="file filename doc source spec openapi document_path document_file api",
    operations="ops labels entries blocks endpoints",
    method="verb http_method",
    path="url route endpoint",
    name="operation_id operationid op_id operation id",
    kind="block_kind type class label expected_kind kinds",
    paging="pagination pager pages paginated paged",
    style="paging_style pagination_style pagination_type paging_type",
    records="record_path records_path recordpath record items_path data_path results_path list_path record_selector",
    webhook="webhooks hook subscribes webhook_role webhook_subscribe subscribe",
    object="object_name entity resource object_type",
    primary_key="primarykey key_fields pk primary_keys",
    incremental="since incremental_param updated_since delta",
    origin="provenance labelled_by labeled_by",
)
# What is said about paging.
PAGING = _words(
    style="type kind method strategy name",
    param="page_param page_parameter cursor_param offset_param token_param parameter moves param_name",
    size_param="limit_param page_size_param size limit per_page_param limit_parameter page_size per_page pagesize",
    next="next_path next_url next_link next_cursor cursor_path next_page next_token token_path next_cursor_path",
    key="key_field keyset cursor_field",
    location="in param_in param_location",
    has_more="has_more_path has_next more",
    total="total_path total_count count",
    total_pages="total_pages_path page_count",
    start="first first_page start_page",
    paged="present found is_paged",
)
_STYLE_WORDS = _words(
    page="page_number pagenumber pages page_based number page_increment page_and_size",
    offset="limit_offset offset_limit skip skip_top offset_increment start_index offset_based",
    cursor="token page_token continuation continuation_token cursor_based next_cursor next_token relay scroll marker",
    next_url="url next_link nextlink link next hypermedia hal hateoas odata next_page_url link_body next_url_body",
    link_header="header link_headers linkheader rfc5988 rfc8288 web_linking link_header_next",
    keyset="since_id starting_after seek after_id id_based last_id key",
    none="no false single unpaged off not_paged",
    total="total_driven",
)
_KIND_WORDS = _words(
    list="index all listing collection list_all",
    search="query find search_records",
    get="read retrieve fetch get_one show detail single",
    get_by="getby lookup get_by_field find_one",
    create="add insert new post",
    update="patch put edit modify upsert replace",
    delete="remove destroy",
    incremental="list_incremental changes delta",
    list_types="types object_types list_objects metadata_types",
    list_fields="fields schema list_properties metadata_fields describe",
    webhook_add="webhook_subscribe webhook_create subscribe webhook trigger_subscribe webhook_register",
    webhook_remove="webhook_unsubscribe webhook_delete unsubscribe",
    webhook_list="webhooks list_webhooks webhook_index",
    action="other custom execute rpc operation",
)
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("subscribe", "add", "create", "register", "true", "yes", "webhookadd", "subscribes"), "subscribe"),
    **dict.fromkeys(("unsubscribe", "remove", "delete", "webhookremove", "unregister"), "unsubscribe"),
    **dict.fromkeys(("list", "webhooklist"), "list"),
    **dict.fromkeys(("none", "no", "false", ""), "none"),
}


def kind_of(value: Any) -> str | None:
    """The manifest's word for a kind of block, None where nobody knows it."""
    return _KIND_WORDS.get(plain(value)) if isinstance(value, str) else None


def style_of(value: Any) -> str | None:
    """The manifest's word for a style of paging, None where nobody knows it."""
    return _STYLE_WORDS.get(plain(value)) if isinstance(value, str) else None


def role_of(value: Any) -> Role | None:
    """What an operation does to webhook subscriptions, None where the word is not known."""
    if value is None or isinstance(value, bool):
        return "subscribe" if value else "none"
    return _ROLES.get(plain(value)) if isinstance(value, str) else None


def place(value: Any) -> str | None:
    """A place in an answer as the manifest writes it.

    ``$.data.items``, ``data.items[]``, ``/data/items`` (RFC 6901), ``["data", "items"]`` are one place; what selects
    every entry at the end is left out. None for what is no place.
    """
    if isinstance(value, list):
        return _rendered(tuple(one for one in value if isinstance(one, str | int)))
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text in ("", "$", ".", "/", "#", "[]", "[*]", "root", "(root)", "$[]"):
        return "$"
    if _POINTER.match(text):
        tokens = text.lstrip("#").split("/")[1:]
        return _rendered(tuple(one.replace("~1", "/").replace("~0", "~") for one in tokens))
    try:
        return _rendered(parse(text.replace("[]", "[*]")))
    except PathError:
        return _rendered((text,)) if text.startswith("@") else None


def _rendered(steps: tuple[Step, ...]) -> str:
    # The first entry of a list around everything and all of its entries are the same place to a reader.
    kept: list[Step] = [None if step in (0, "*") else step for step in steps]
    while kept and kept[-1] is None:
        kept.pop()
    return render(kept)


def same_name(one: str, other: str) -> bool:
    """True for one parameter written in two ways: ``/page/cursor`` (a pointer into the body) is ``page.cursor``."""
    return one.strip("/").replace("/", ".") == other.strip("/").replace("/", ".")
