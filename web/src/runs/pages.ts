/** The cursor of the next page, from its link; undefined on the last one. */
export function cursorOf(links: {
  readonly next?: { readonly href?: string | null | undefined } | null | undefined;
}): string | undefined {
  const href = links.next?.href;
  if (!href) return undefined;
  const query = new URL(href, "http://server").searchParams;
  return query.get("cursor") ?? query.get("next") ?? undefined;
}
