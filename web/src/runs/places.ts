import type { OutlineRow } from "./outline";
import { itemsOf } from "./values";

/** As much of a chosen item (`b2.37/b6.0`) as lies around another block too. */
export function itemFor(row: OutlineRow, item: string, keyOf: (id: string) => string | undefined): string {
  let kept = "";
  for (const [at, one] of itemsOf(item).entries()) {
    const loop = row.loops[at];
    if (loop === undefined || keyOfLast(one.path) !== keyOf(loop)) break;
    kept = one.path;
  }
  return kept;
}

/** `b2.37/b6~2.0` -> `b6` */
function keyOfLast(path: string): string {
  const last = path.slice(path.lastIndexOf("/") + 1);
  return last.slice(0, last.lastIndexOf(".")).split("~")[0] ?? "";
}

/** The path of item `index` of a loop inside of `around`. */
export function itemPath(around: string, key: string, index: number): string {
  return `${around === "" ? "" : `${around}/`}${key}.${index}`;
}

/** The rows between `rows` that loop, and the first block in the body of each. */
export function loopBodies(rows: readonly OutlineRow[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const row of rows) {
    const loop = row.loops.at(-1);
    if (row.branch === "loop" && loop !== undefined) found.set(loop, row.id);
  }
  return found;
}
