/** Numbers as they were written. JavaScript reads 12345678901234567890 as another number and 1.0 as 1; what is edited holds its
 * numbers, and whatever of a document is not edited goes back as it came. */

/** How a number at a place of a document was written, only for those that would be written differently. */
export type Written = ReadonlyMap<string, string>;

// In the library of the language since ES2026; browsers have them, older ones write numbers as they hold them.
const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
type Source = { readonly source?: string };

/** How the numbers of a workspace were written, in the text of an automation or of a workspace alone. */
export function writtenIn(text: string): Written {
  const found = new Map<string, string>();
  if (rawJSON === undefined) return found;
  const holders = new Map<unknown, Map<string, string>>();
  const whole: unknown = JSON.parse(
    text.replace(/^\uFEFF/, ""),
    function (this: unknown, ...given: unknown[]) {
      const [field, value, { source } = {}] = given as [string, unknown, Source | undefined];
      if (typeof value === "number" && source !== undefined && source !== String(value)) {
        const fields = holders.get(this) ?? new Map<string, string>();
        holders.set(this, fields.set(field, source));
      }
      return value;
    },
  );
  if (holders.size === 0) return found;
  const inner = isHolder(whole) && isHolder(whole["workspace"]) ? whole["workspace"] : whole;
  const visit = (value: unknown, place: string) => {
    if (!isHolder(value)) return;
    const fields = holders.get(value);
    for (const [field, one] of Object.entries(value)) {
      const source = fields?.get(field);
      if (source !== undefined) found.set(spot(step(value, place, field, one), one as number), source);
      else visit(one, step(value, place, field, one));
    }
  };
  visit(inner, "");
  return found;
}

/** The same value, ready for `JSON.stringify`: numbers that are still what they were are written as they were. */
export function asWritten<T>(value: T, written: Written): T {
  if (written.size === 0 || rawJSON === undefined) return value;
  const copy = (one: unknown, place: string): unknown => {
    if (typeof one === "number") {
      const source = written.get(spot(place, one));
      return source === undefined ? one : rawJSON(source);
    }
    if (Array.isArray(one)) return one.map((entry, at) => copy(entry, step(one, place, String(at), entry)));
    if (!isHolder(one)) return one;
    // Without a prototype, "__proto__" is a field like any other.
    const made: Record<string, unknown> = Object.create(null);
    for (const [field, entry] of Object.entries(one))
      made[field] = copy(entry, step(one, place, field, entry));
    return made;
  };
  return copy(value, "") as T;
}

/** The way to a place. What has an id is found by it in its list, wherever it has moved. */
function step(holder: unknown, place: string, field: string, value: unknown): string {
  if (!Array.isArray(holder) || !isHolder(value)) return `${place}/${JSON.stringify(field)}`;
  const id = value["id"] ?? value["guid"];
  return typeof id === "string" ? `${place}/#${JSON.stringify(id)}` : `${place}/${JSON.stringify(field)}`;
}

function spot(place: string, number: number): string {
  return `${place}=${number}`;
}

function isHolder(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null;
}
