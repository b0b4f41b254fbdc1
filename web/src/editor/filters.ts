/** SCIM; the words are quoted as JSON texts are. */
export function filterOf(words: string, mode: string, status: string): string | undefined {
  const parts = [
    ...words
      .split(/\s+/)
      .filter(Boolean)
      .map((word) => `name co ${JSON.stringify(word)}`),
    ...(mode === "" ? [] : [`runMode eq ${JSON.stringify(mode)}`]),
    ...(status === "" ? [] : [`lastRunStatus eq ${JSON.stringify(status)}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(" and ");
}
