/** A SCIM expression: one of the fields holds the text. Nothing where there is nothing to look for. */
export function containing(fields: readonly string[], text: string): string | undefined {
  if (text === "") return undefined;
  return fields.map((field) => `${field} co ${JSON.stringify(text)}`).join(" or ");
}

/** What all of them say; nothing where none says anything. */
export function all(parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined);
  return said.length === 0 ? undefined : said.join(" and ");
}
