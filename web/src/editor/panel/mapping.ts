import type { Child } from "../formula/data";
import { childrenAt, type Datum, pathText } from "../formula/data";
import type { Step } from "../formula/tokens";

export type Target = {
  readonly name: string;
  readonly label: string;
  readonly type?: string;
  readonly required?: boolean;
};
export type Source = {
  readonly formula: string;
  readonly name: string;
  readonly label: string;
  readonly value: unknown;
};

/** `firstName`, `first_name`, `First Name` and `FIRST-NAME` are the same words. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

const ALIKE: readonly (readonly string[])[] = [
  ["mail", "email", "emailaddress", "mailaddress"],
  ["phone", "telephone", "tel", "phonenumber", "mobile", "mobilenumber"],
  ["firstname", "givenname", "forename"],
  ["lastname", "surname", "familyname"],
  ["zip", "zipcode", "postcode", "postalcode"],
  ["company", "organization", "organisation", "companyname", "organizationname"],
  ["town", "city"],
  ["url", "website", "link", "homepage"],
  ["created", "createdat", "creationdate", "createddate", "datecreated"],
  ["updated", "updatedat", "modified", "modifiedat", "lastmodified"],
  ["id", "identifier", "guid", "uuid"],
  ["name", "title", "displayname", "fullname"],
];

function likeness(one: string, other: string): number {
  const [left, right] = [wordsOf(one), wordsOf(other)];
  const [a, b] = [left.join(""), right.join("")];
  if (a === "" || b === "") return 0;
  if (a === b) return 1;
  if (ALIKE.some((group) => group.includes(a) && group.includes(b))) return 0.9;
  const shared = left.filter((word) => right.includes(word)).length;
  const words = (2 * shared) / (left.length + right.length);
  const letters = pairsShared(a, b);
  // Letters alone mislead (`phone_id` and `phone_ip`), words alone miss what is spelt together.
  return Math.max(words * 0.85, letters * 0.8);
}

function pairsShared(a: string, b: string): number {
  if (a.length < 2 || b.length < 2) return 0;
  const counts = new Map<string, number>();
  for (let at = 0; at < a.length - 1; at += 1) {
    const pair = a.slice(at, at + 2);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  let shared = 0;
  for (let at = 0; at < b.length - 1; at += 1) {
    const left = counts.get(b.slice(at, at + 2)) ?? 0;
    if (left > 0) {
      shared += 1;
      counts.set(b.slice(at, at + 2), left - 1);
    }
  }
  return (2 * shared) / (a.length + b.length - 2);
}

const ENOUGH = 0.66;

/** Sources for targets that have none yet, the surest first; each source serves once. What is mapped stays as it is. */
export function autoMapped(
  targets: readonly Target[],
  sources: readonly Source[],
  mapped: ReadonlySet<string>,
): ReadonlyMap<string, Source> {
  const found: { target: Target; source: Source; score: number }[] = [];
  for (const target of targets) {
    if (mapped.has(target.name)) continue;
    for (const source of sources) {
      const score = Math.max(likeness(target.name, source.name), likeness(target.label, source.name) - 0.01);
      if (score >= ENOUGH) found.push({ target, source, score });
    }
  }
  found.sort((one, other) => other.score - one.score);
  const chosen = new Map<string, Source>();
  const used = new Set<Source>();
  for (const { target, source } of found) {
    if (chosen.has(target.name) || used.has(source)) continue;
    chosen.set(target.name, source);
    used.add(source);
  }
  return chosen;
}

const DEEPEST = 3;
const MOST_SOURCES = 300;

/** Single values that a mapping can take: the item's of the nearest loop first. */
export function sourcesOf(data: readonly Datum[]): readonly Source[] {
  const found: Source[] = [];
  const add = (
    name: string,
    title: string,
    steps: readonly Step[],
    children: readonly Child[],
    depth: number,
  ) => {
    for (const child of children) {
      if (found.length >= MOST_SOURCES || !("key" in child.step)) continue;
      const path = [...steps, child.step];
      const nested = typeof child.value === "object" && child.value !== null;
      if (nested && !Array.isArray(child.value) && depth < DEEPEST) {
        add(name, title, path, childrenAt(child.value, []), depth + 1);
      } else {
        const label = `${title} · ${path.map((step) => ("key" in step ? step.key : "")).join(".")}`;
        found.push({ formula: `{${pathText(name, path)}}`, name: lastName(path), label, value: child.value });
      }
    }
  };
  for (const one of [
    ...data.filter((datum) => datum.kind === "loop"),
    ...data.filter((datum) => datum.kind !== "loop"),
  ]) {
    add(one.name, one.title, [], childrenAt(one.value, []), 0);
  }
  return found;
}

/** `address.city` is a city: the objects around a value do not count, except the item. */
function lastName(path: readonly Step[]): string {
  const last = path.at(-1);
  return last !== undefined && "key" in last ? last.key : "";
}

type AccountField = {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly required: boolean;
  readonly readOnly: boolean;
  readonly dynamic: boolean;
};

/** The fields of an input with those that the account has besides, where the input is the record itself: most of what it is made of
 * are fields of the object. An object within the record (an address) has fields of its own. */
export function withAccountFields(
  known: readonly Target[],
  account: readonly AccountField[],
): readonly Target[] {
  const theirs = new Set(account.map((one) => one.name));
  const shared = known.filter((one) => theirs.has(one.name)).length;
  if (shared === 0 || shared < known.length / 2) return known;
  const names = new Set(known.map((one) => one.name));
  const more = account.filter((one) => one.dynamic && !one.readOnly && !names.has(one.name));
  return [...known, ...more.map(({ name, label, type, required }) => ({ name, label, type, required }))];
}
