import type { FormulaFunction, FormulaOperator } from "@client";
import { childrenAt, type Datum, reach, type TypeName, typeOf, written } from "./data";
import { type Place, placeAt } from "./tokens";

/** One thing to offer at the caret; `from` is where the text that it replaces begins. */
export type Offer = {
  readonly kind: "path" | "function" | "operator";
  readonly label: string;
  readonly insert: string;
  /** Where the caret goes, counted from the beginning of `insert`; its end without it. */
  readonly caret?: number;
  readonly value?: unknown;
  readonly type?: TypeName;
  readonly title?: string;
  readonly fn?: FormulaFunction;
  readonly doc?: string;
};

export type Offers = { readonly from: number; readonly options: readonly Offer[] };

export type Library = {
  readonly functions: readonly FormulaFunction[];
  readonly operators: readonly FormulaOperator[];
};

export const NO_LIBRARY: Library = { functions: [], operators: [] };

/** Names and aliases of all functions, in small letters. */
export function namesOf(library: Library): ReadonlySet<string> {
  return new Set(library.functions.flatMap((one) => [one.name, ...one.aliases]));
}

export function operatorsOf(library: Library): ReadonlySet<string> {
  return new Set(
    library.operators.flatMap((one) => [one.name, ...one.aliases]).map((name) => name.toLowerCase()),
  );
}

const CONDITIONAL = new Set(["if", "test", "not", "and", "or"]);

/** What fits behind `before`. `asked`: the person asked for it, so that plain text offers formulas too. */
export function offersAt(
  before: string,
  after: string,
  data: readonly Datum[],
  library: Library,
  asked: boolean,
): Offers | null {
  const names = namesOf(library);
  const place = placeAt(before, (name) => names.size === 0 || names.has(name));
  const open = after.trimStart().startsWith("}") ? "" : "}";
  switch (place.in) {
    case "path":
      return offersOfPath(place, data, open);
    case "name":
      return {
        from: place.from,
        options: [...roots(data, "", open), ...functions(library, open)],
      };
    case "argument":
      return offersOfArgument(place, data, library, asked);
    case "string":
      return asked ? { from: before.length, options: roots(data, "{", "}", place.quote) } : null;
    case "text":
      return offersOfText(before, data, library, asked);
  }
}

function offersOfText(
  before: string,
  data: readonly Datum[],
  library: Library,
  asked: boolean,
): Offers | null {
  const dollar = /\$\.?[\w-]*$/.exec(before);
  if (dollar !== null) return { from: dollar.index, options: roots(data, "{", "}") };
  if (!asked) return null;
  const word = /[A-Za-z_]*$/.exec(before)?.[0] ?? "";
  return {
    from: before.length - word.length,
    options: [...roots(data, "{", "}"), ...functions(library, "}", "{")],
  };
}

function offersOfArgument(
  place: Extract<Place, { in: "argument" }>,
  data: readonly Datum[],
  library: Library,
  asked: boolean,
): Offers | null {
  const conditional = CONDITIONAL.has(place.function) && (place.at === 0 || !["if"].includes(place.function));
  if (place.behind) {
    if (!conditional || (!asked && place.typed === "")) return null;
    const options = library.operators.map<Offer>((one) => ({
      kind: "operator",
      label: one.name,
      insert: one.unary ? one.name : `${one.name} `,
      doc: one.doc,
    }));
    return { from: place.from, options };
  }
  if (!asked && place.typed === "") return null;
  return { from: place.from, options: [...roots(data, "{", "}"), ...functions(library, "}", "{")] };
}

function roots(data: readonly Datum[], open: string, close: string, inside = ""): readonly Offer[] {
  const quote = inside === "'" ? '"' : "'";
  return data.map((one) => ({
    kind: "path",
    label: `$${written({ key: one.name }, quote)}`,
    insert: `${open}$${written({ key: one.name }, quote)}${close}`,
    caret: open.length + 1 + written({ key: one.name }, quote).length,
    title: one.title,
    value: one.value,
    ...(one.value === undefined ? {} : { type: typeOf(one.value) }),
  }));
}

function functions(library: Library, close: string, open = ""): readonly Offer[] {
  return library.functions.map((one) => {
    const bare = one.parameters.length === 0;
    const begin = `${open}${one.name}:${bare ? "" : " "}`;
    return {
      kind: "function",
      label: one.name,
      insert: `${begin}${close}`,
      caret: bare ? begin.length + close.length : begin.length,
      doc: one.doc,
      fn: one,
    };
  });
}

function offersOfPath(place: Extract<Place, { in: "path" }>, data: readonly Datum[], close: string): Offers {
  const end = place.braced ? close : "";
  if (place.steps.length === 0) {
    return {
      from: place.from,
      options: roots(data, "", "").map((one) => ({
        ...one,
        insert: one.insert.slice(1) + end,
        caret: one.insert.length - 1,
      })),
    };
  }
  const [first, ...rest] = place.steps;
  const name = first !== undefined && "key" in first ? first.key : null;
  const found = data.find((one) => one.name === name);
  if (found === undefined) return { from: place.from, options: [] };
  const quote = place.quoted ?? "'";
  const options = childrenAt(found.value, rest).map<Offer>((child) => {
    const text =
      place.quoted !== null && "key" in child.step
        ? `[${quote}${child.step.key}${quote}]`
        : written(child.step, quote);
    return {
      kind: "path",
      label: text,
      insert: text + end,
      caret: text.length,
      value: child.value,
      type: typeOf(child.value),
    };
  });
  const here = reach(found.value, rest);
  if (Array.isArray(here) && here.length > 0 && !rest.some((step) => "every" in step)) {
    for (const child of childrenAt(found.value, [...rest, { every: true }])) {
      const text = `[*]${written(child.step)}`;
      options.push({
        kind: "path",
        label: text,
        insert: text + end,
        caret: text.length,
        value: child.value,
        type: "list",
      });
    }
  }
  return { from: place.from, options };
}
