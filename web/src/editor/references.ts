/** Which parts of a text are references to a block or variable: `{$.name…}`, `{fn: $.name}`, references inside paths, filters,
 * quoted arguments and JSON arguments. It reads as the server's parser does, but never refuses: what it cannot read is text. */

export type Found = {
  readonly name: string;
  /** Where the name stands, with its quotes and brackets where it has them. */
  readonly start: number;
  readonly end: number;
  readonly form: "braced" | "bare" | "quoted" | "bracket";
};

const OPEN =
  /\{\s*(?:\$(?=[.[])|[A-Za-z_]\w*\s*:|(?:linebreak|jobguid|automationguid|blendguid|accountguid)\s*\})/giy;
const BRACED_KEY = /[^.[\]{},"'`]+/y;
const BARE_KEY = /[^.[\]{},"'`\s=<>!()&|]+/y;
const OPERATOR_WORD =
  /(?:^|[\s}'"`)\]])(?:and|or|empty|notEmpty|contain|doesntContain|contains|in|inList|notInList)\s*$/i;
const QUOTES = "'\"`";
const MAX_DEPTH = 64;

export function references(text: string): readonly Found[] {
  if (!text.includes("$")) return [];
  const scan = new Scan(text);
  scan.text(0);
  return scan.found;
}

class Scan {
  readonly found: Found[] = [];
  private depth = 0;
  private readonly source: string;
  constructor(source: string) {
    this.source = source;
  }

  text(from: number): void {
    for (let at = this.source.indexOf("{", from); at >= 0; ) {
      const end = this.opens(at) ? this.formula(at) : null;
      at = this.source.indexOf("{", end ?? at + 1);
    }
  }

  private opens(at: number): boolean {
    OPEN.lastIndex = at;
    return OPEN.test(this.source);
  }

  /** Past the closing brace, or null where these braces are only text; what was found in them is forgotten then. */
  private formula(at: number): number | null {
    const mark = this.found.length;
    if (this.depth >= MAX_DEPTH) return null;
    this.depth += 1;
    let inside = this.blanks(at + 1);
    if (this.source[inside] === "$") {
      const after = this.reference(inside, true);
      inside = after === null ? -1 : this.blanks(after);
      if (inside >= 0 && this.source[inside] !== "}") inside = -1;
      else if (inside >= 0) inside += 1;
    } else {
      inside = this.call(inside);
    }
    this.depth -= 1;
    if (inside >= 0) return inside;
    this.found.length = mark;
    return null;
  }

  /** From the function's name past the closing brace, or -1. */
  private call(from: number): number {
    const colon = this.source.indexOf(":", from);
    const closed = this.source.indexOf("}", from);
    if (closed < 0) return -1;
    if (colon < 0 || closed < colon) return closed + 1;
    return this.arguments(colon + 1);
  }

  private arguments(from: number): number {
    let braces = 0;
    let begin = from;
    for (let at = from; at < this.source.length; ) {
      const mark = this.source[at] as string;
      if (QUOTES.includes(mark) && this.operandAt(begin, at)) {
        const after = this.string(at);
        at = after ?? at + 1;
      } else if (mark === "{") {
        const after = this.opens(at) ? this.formula(at) : null;
        if (after === null) {
          braces += 1;
          begin = at + 1;
        }
        at = after ?? at + 1;
      } else if (mark === "}") {
        if (braces === 0) return at + 1;
        braces -= 1;
        at += 1;
      } else if (mark === "$" && ".[".includes(this.source[at + 1] ?? " ") && this.operandAt(begin, at)) {
        at = this.reference(at, false) ?? at + 1;
      } else {
        if (mark === ",") begin = at + 1;
        at += 1;
      }
    }
    return -1;
  }

  /** Whether a value begins here: at the head of an argument, of a list or member, or after an operator. */
  private operandAt(begin: number, at: number): boolean {
    const lead = this.source.slice(begin, at);
    const before = lead.trimEnd();
    return before === "" || "[,:(=<>!".includes(before.at(-1) as string) || OPERATOR_WORD.test(lead);
  }

  private string(opened: number): number | null {
    const mark = this.found.length;
    const quote = this.source[opened];
    for (let at = opened + 1; at < this.source.length; ) {
      const here = this.source[at];
      if (
        here === "\\" &&
        this.source[at + 1] === quote &&
        !/^\s*[,}]/.test(this.source.slice(at + 2, at + 40))
      )
        at += 2;
      else if (here === "\\" && this.source[at + 1] === "\\") at += 2;
      else if (here === quote) return at + 1;
      else if (here === "{" && this.opens(at)) at = this.formula(at) ?? at + 1;
      else at += 1;
    }
    this.found.length = mark;
    return null;
  }

  /** From `$` past the last step of the path. */
  private reference(at: number, braced: boolean): number | null {
    const root = this.root(at + 1, braced);
    if (root === null) return null;
    this.found.push(root);
    return this.path(root.end, braced);
  }

  private root(at: number, braced: boolean): Found | null {
    let start = at;
    if (this.source[start] === ".") start += 1;
    if (this.source[start] === "[") return this.bracketRoot(start);
    if (QUOTES.includes(this.source[start] ?? " ")) {
      const end = this.string(start);
      return end === null
        ? null
        : { name: unquoted(this.source.slice(start, end)), start, end, form: "quoted" };
    }
    const name = key(this.source, start, braced);
    if (name === "") return null;
    const trimmed = name.trimEnd();
    const lead = trimmed.length - trimmed.trimStart().length;
    return {
      name: trimmed.trim(),
      start: start + lead,
      end: start + trimmed.length,
      form: braced ? "braced" : "bare",
    };
  }

  private bracketRoot(start: number): Found | null {
    const inside = this.blanks(start + 1);
    const quoted = QUOTES.includes(this.source[inside] ?? " ");
    const end = quoted ? this.string(inside) : this.source.indexOf("]", inside);
    if (end === null || end < 0) return null;
    const close = this.blanks(end);
    if (this.source[close] !== "]") return null;
    const written = this.source.slice(inside, end);
    return { name: quoted ? unquoted(written) : written.trim(), start, end: close + 1, form: "bracket" };
  }

  private path(from: number, braced: boolean): number {
    let at = from;
    while (at < this.source.length) {
      const here = braced ? this.blanksBeforeStep(at) : at;
      const mark = this.source[here];
      if (mark === "[") {
        const after = this.bracket(here);
        if (after === null) return at;
        at = after;
      } else if (mark === ".") {
        at = this.step(here + 1, braced);
      } else return at;
    }
    return at;
  }

  private blanksBeforeStep(at: number): number {
    const after = this.blanks(at);
    return ".[".includes(this.source[after] ?? " ") ? after : at;
  }

  private step(at: number, braced: boolean): number {
    const mark = this.source[at] ?? "";
    if (mark === "{" && this.opens(at)) return this.formula(at) ?? at;
    if (mark === "." || mark === "[") return at;
    if (mark !== "" && QUOTES.includes(mark)) return this.string(at) ?? at;
    return at + key(this.source, at, braced).length;
  }

  private bracket(opened: number): number | null {
    for (let at = opened + 1; at < this.source.length; ) {
      const mark = this.source[at] as string;
      if (mark === "]") return at + 1;
      if (QUOTES.includes(mark)) at = this.string(at) ?? at + 1;
      else if (mark === "[") at = this.bracket(at) ?? at + 1;
      else if (mark === "{" && this.opens(at)) at = this.formula(at) ?? at + 1;
      else if (mark === "$" && ".[".includes(this.source[at + 1] ?? " "))
        at = this.reference(at, false) ?? at + 1;
      else at += 1;
    }
    return null;
  }

  private blanks(at: number): number {
    let after = at;
    while (/\s/.test(this.source[after] ?? "x")) after += 1;
    return after;
  }
}

function key(source: string, at: number, braced: boolean): string {
  const pattern = braced ? BRACED_KEY : BARE_KEY;
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? "";
}

function unquoted(written: string): string {
  const quote = written[0] as string;
  return written.slice(1, -1).replaceAll(`\\${quote}`, quote);
}

/** The text with the names that `names` tells replaced, in the form in which each can stand where it stands. */
export function renamed(text: string, names: ReadonlyMap<string, string>): string {
  let written = "";
  let done = 0;
  for (const one of references(text)) {
    const name = names.get(one.name);
    if (name === undefined || name === one.name || one.start < done) continue;
    written += text.slice(done, one.start) + spelled(name, one, text);
    done = one.end;
  }
  return done === 0 ? text : written + text.slice(done);
}

function spelled(name: string, one: Found, text: string): string {
  const quote = text.slice(one.start, one.end).match(/['"`]/)?.[0] ?? "'";
  if (one.form === "quoted") return `${quote}${name}${quote}`;
  if (one.form === "bracket") return `[${quote}${name}${quote}]`;
  const plain = one.form === "braced" ? /^[^.[\]{},"'`]+$/ : /^[^.[\]{},"'`\s=<>!()&|]+$/;
  return plain.test(name) ? name : `['${name}']`;
}

type Value = unknown;

/** Any value with every text in it changed; the same object where nothing changed. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  return walk(value, change) as T;
}

function walk(value: Value, change: (text: string) => string): Value {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) {
    let same = true;
    const list = value.map((entry) => {
      const made = walk(entry, change);
      same &&= made === entry;
      return made;
    });
    return same ? value : list;
  }
  if (typeof value !== "object" || value === null) return value;
  let same = true;
  const made: Record<string, Value> = {};
  for (const [field, entry] of Object.entries(value)) {
    made[field] = walk(entry, change);
    same &&= made[field] === entry;
  }
  return same ? value : made;
}
