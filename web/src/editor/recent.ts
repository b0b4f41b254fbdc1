/** The types of block that were added last in this browser. */
const KEPT_AS = "tieline.editor.recent";
const MOST = 6;

export function recent(): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(found)
      ? found.filter((key): key is string => typeof key === "string").slice(0, MOST)
      : [];
  } catch {
    return [];
  }
}

export function remember(key: string): void {
  try {
    localStorage.setItem(
      KEPT_AS,
      JSON.stringify([key, ...recent().filter((one) => one !== key)].slice(0, MOST)),
    );
  } catch {
    // Frames may not be allowed to keep anything; nothing depends on it.
  }
}
