type Links = { readonly next?: { readonly href?: string | null | undefined } | null | undefined };

const NAMES = ["cursor", "next", "startingAfter", "page"] as const;

/** Where a list goes on, taken from the link of its page: its families call it differently. Undefined on the last page. */
export function cursorOf({ links }: { readonly links: Links }): string | undefined {
  const href = links.next?.href;
  if (!href) return undefined;
  const query = new URL(href, "http://server").searchParams;
  for (const name of NAMES) {
    const value = query.get(name);
    if (value) return value;
  }
  return undefined;
}

/** A text within a SCIM filter (RFC 7644): quoted as in JSON. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
