/** The cursor of the next page, from the link that the server gives. */
export function cursorOf(page: { readonly links?: unknown }): string | undefined {
  const next = (page.links as { next?: { href?: string | null } | string | null } | undefined)?.next;
  const href = typeof next === "string" ? next : next?.href;
  if (!href) return undefined;
  const { searchParams } = new URL(href, "http://server");
  return searchParams.get("cursor") ?? searchParams.get("next") ?? undefined;
}

/** A text within a SCIM filter (RFC 7644): quoted as in JSON. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
