import { download } from "../ui";

export type Cell = string | number | null;

/** RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front: names come from outside. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(written).join(",")}\r\n`).join("");
}

function written(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const harmless = /^[\s\uFEFF]*[=+\-@\t\r|%\uFF1D\uFF0B\uFF0D\uFF20]/u.test(cell) ? `'${cell}` : cell;
  return /[",\r\n;\t]|^\s|\s$/u.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Gives a table to the person as a file. The mark at its beginning tells spreadsheets that it is UTF-8. */
export function downloadCsv(name: string, rows: readonly (readonly Cell[])[]): void {
  download(name, `\uFEFF${csv(rows)}`, "text/csv;charset=utf-8");
}
