import type { Key, Translate } from "../i18n";

const KINDS: Readonly<Record<string, Key>> = {
  list: "connectors.kind.list",
  search: "connectors.kind.search",
  incremental: "connectors.kind.incremental",
  get: "connectors.kind.get",
  get_by: "connectors.kind.getBy",
  create: "connectors.kind.create",
  update: "connectors.kind.update",
  delete: "connectors.kind.delete",
  list_types: "connectors.kind.listTypes",
  list_fields: "connectors.kind.listFields",
  webhook_add: "connectors.kind.webhookAdd",
  webhook_remove: "connectors.kind.webhookRemove",
  webhook_list: "connectors.kind.webhookList",
  action: "connectors.kind.action",
};

/** The kinds of block in the order in which people look for them. */
export const KIND_ORDER: readonly string[] = Object.keys(KINDS);

export function blockKind(kind: string, t: Translate): string {
  const key = KINDS[kind];
  return key === undefined ? kind : t(key);
}

const FIELDS: Readonly<Record<string, Key>> = {
  kind: "connectors.field.kind",
  object: "connectors.field.object",
  records: "connectors.field.records",
  item_path: "connectors.field.itemPath",
  idempotency: "connectors.field.idempotency",
  "paging/style": "connectors.field.pagingStyle",
  "paging/param": "connectors.field.pagingParam",
  "paging/next": "connectors.field.pagingNext",
  "paging/has_more": "connectors.field.pagingHasMore",
  "paging/total": "connectors.field.pagingTotal",
  "paging/total_pages": "connectors.field.pagingTotalPages",
  "paging/size_param": "connectors.field.pagingSizeParam",
  "paging/size": "connectors.field.pagingSize",
  "paging/size_max": "connectors.field.pagingSizeMax",
  "paging/start": "connectors.field.pagingStart",
  "paging/step": "connectors.field.pagingStep",
  "paging/key": "connectors.field.pagingKey",
  "paging/stop": "connectors.field.pagingStop",
  "incremental/param": "connectors.field.sinceParam",
  "incremental/field": "connectors.field.sinceField",
  "incremental/format": "connectors.field.sinceFormat",
  "incremental/sort_param": "connectors.field.sortParam",
  "rate/calls": "connectors.field.rateCalls",
  primary_key: "connectors.field.primaryKey",
  created_field: "connectors.field.createdField",
  updated_field: "connectors.field.updatedField",
  name: "connectors.field.name",
  location: "connectors.field.location",
  object_path: "connectors.field.objectPath",
  object_type: "connectors.field.object",
};

/** What a value of a manifest is called; the name that it has there where we have no words for it. */
export function fieldName(part: string, field: string, t: Translate): string {
  if (part === "inputs") return t("connectors.field.input", field);
  if (part === "fields") return t("connectors.field.credential", field);
  const key = FIELDS[part === "" ? field : `${part}/${field}`];
  return key === undefined ? [part, field].filter(Boolean).join(" ") : t(key);
}

export function pagingName(style: string, t: Translate): string {
  const keys: Readonly<Record<string, Key>> = {
    none: "connectors.paging.none",
    page: "connectors.paging.page",
    offset: "connectors.paging.offset",
    cursor: "connectors.paging.cursor",
    next_url: "connectors.paging.nextUrl",
    link_header: "connectors.paging.linkHeader",
    keyset: "connectors.paging.keyset",
    total: "connectors.paging.total",
  };
  const key = keys[style];
  return key === undefined ? style : t(key);
}

/** A value of a closed set in words, where there are some. */
export function choiceText(part: string, field: string, choice: string, t: Translate): string {
  if (part === "" && field === "kind" && choice in KINDS) return blockKind(choice, t);
  if (field === "style") return pagingName(choice, t);
  return choice;
}
