/** The formula syntax, read tolerantly while people type: what to colour, and where the caret stands in it. The server's parser
 * (`tieline.automations.formulas`) decides what a formula means; this one never refuses anything. */

export type Kind =
  | "brace"
  | "root"
  | "name"
  | "function"
  | "string"
  | "number"
  | "operator"
  | "mark"
  | "word"
  | "unknown";

export type Token = { readonly kind: Kind; readonly from: number; readonly to: number };

/** One step of a path as written: a name, an index, or anything that picks several (`[*]`, a slice, a filter, a computed key). */
export type Step = { readonly key: string } | { readonly index: number } | { readonly every: true };

/** What the place at the end of a text is in the middle of. */
export type Place =
  | { readonly in: "text" }
  | { readonly in: "name"; readonly from: number; readonly typed: string }
  | {
      readonly in: "path";
      /** Where the path began, with its dollar sign. */
      readonly start: number;
      readonly steps: readonly Step[];
      /** Where the last step began, with its dot or bracket. */
      readonly from: number;
      readonly typed: string;
      readonly quoted: string | null;
      readonly braced: boolean;
    }
  | {
      readonly in: "argument";
      readonly from: number;
      readonly typed: string;
      readonly function: string;
      readonly at: number;
      /** A value stands before it already: what comes next is an operator, a comma or the end. */
      readonly behind: boolean;
    }
  | { readonly in: "string"; readonly quote: string };

export const BARE = "linebreak|jobguid|automationguid|blendguid|accountguid";
const OPEN = new RegExp(String.raw`\{\s*(?:\$(?=[.\[\s}]|$)|[A-Za-z_]\w*\s*:|(?:${BARE})\s*\})`, "iy");
const NAME = /[A-Za-z_]\w*/y;
const PLAIN_GROUP = /\{[^{}]*\}/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?(?=[\s,}\])]|$)/y;
const OPERATOR = /===|!==|==|!=|<>|>=|<=|=|>|<|&&|\|\||!/y;
const WORD = /[^\s,{}[\]()'"`=<>!&|]+/y;
const BRACED_KEY = /[^.[\]{},"'`]+/y;
const BARE_KEY = /[^.[\]{},"'`\s=<>!()&|]+/y;
const BLANKS = /\s*/y;

class Reader {
  readonly tokens: Token[] = [];
  place: Place = { in: "text" };
  private at = 0;

  constructor(
    private readonly source: string,
    private readonly knows: (name: string) => boolean,
    private readonly operators: ReadonlySet<string>,
  ) {}

  read(): void {
    const { source } = this;
    while (this.at < source.length) {
      const next = source.indexOf("{", this.at);
      if (next < 0) break;
      this.at = next;
      if (this.opens()) this.formula();
      else if (next === source.length - 1) {
        this.place = { in: "name", from: source.length, typed: "" };
        return;
      } else if (/^\{\s*[A-Za-z_]\w*$/.test(source.slice(next)) || /^\{\s+$/.test(source.slice(next))) {
        this.unfinishedName(next);
        return;
      } else this.at += 1;
    }
  }

  private unfinishedName(open: number): void {
    this.at = open + 1;
    this.blanks();
    this.place = { in: "name", from: this.at, typed: this.source.slice(this.at) };
    this.push("brace", open, open + 1);
    this.at = this.source.length;
  }

  private take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    return found === null ? null : found[0];
  }

  private push(kind: Kind, from: number, to: number): void {
    if (to > from) this.tokens.push({ kind, from, to });
  }

  private blanks(): void {
    this.at += (this.take(BLANKS) ?? "").length;
  }

  private get done(): boolean {
    return this.at >= this.source.length;
  }

  /** A formula begins here; a group such as CSS's `{color:red}` is text unless its name is a function's. */
  private opens(): boolean {
    const open = this.take(OPEN);
    if (open === null) return false;
    const group = this.take(PLAIN_GROUP);
    if (group === null || group.includes("$.") || group.length === this.source.length) return true;
    const name = /^\{\s*([A-Za-z_]\w*)/.exec(group)?.[1];
    return name === undefined || this.knows(name.toLowerCase());
  }

  private formula(): void {
    this.push("brace", this.at, this.at + 1);
    this.at += 1;
    this.blanks();
    if (this.source[this.at] === "$") {
      this.reference(true);
      this.blanks();
      this.closing();
      return;
    }
    const name = this.take(NAME) ?? "";
    const known = this.knows(name.toLowerCase());
    this.push(known ? "function" : "unknown", this.at, this.at + name.length);
    this.at += name.length;
    this.blanks();
    if (this.source[this.at] === ":") {
      this.push("mark", this.at, this.at + 1);
      this.at += 1;
      this.arguments(name.toLowerCase());
    }
    this.closing();
  }

  private closing(): void {
    if (this.source[this.at] === "}") {
      this.push("brace", this.at, this.at + 1);
      this.at += 1;
    }
  }

  private arguments(name: string): void {
    const opened: string[] = [];
    let count = 0;
    let behind = false;
    while (true) {
      this.blanks();
      if (this.done) {
        this.place = {
          in: "argument",
          from: this.at,
          typed: "",
          function: name,
          at: count,
          behind: behind && opened.length === 0,
        };
        return;
      }
      const mark = this.source[this.at] ?? "";
      if (mark === "}" && opened.length === 0) return;
      if (mark === "," && opened.length === 0) {
        count += 1;
        behind = false;
        this.one("mark");
      } else if ("{[(".includes(mark) && !(mark === "{" && this.opens())) {
        if (mark === "{" && this.unfinishedGroup()) return;
        opened.push(mark);
        this.one("mark");
      } else if ("}])".includes(mark)) {
        opened.pop();
        behind = true;
        this.one("mark");
      } else {
        const from = this.at;
        this.part();
        const typed = this.source.slice(from);
        if (this.done && this.place.in === "text" && /^\w+$/.test(typed)) {
          this.place = { in: "argument", from, typed, function: name, at: count, behind };
          return;
        }
        const last = this.tokens.at(-1);
        behind = last === undefined || last.kind !== "operator";
      }
      if (this.place.in !== "text") return;
    }
  }

  /** A brace at the very end, or with a beginning of a name behind it, is what people are about to fill. */
  private unfinishedGroup(): boolean {
    if (!/^\{\s*(?:[A-Za-z_]\w*)?$/.test(this.source.slice(this.at))) return false;
    this.unfinishedName(this.at);
    return true;
  }

  private one(kind: Kind): void {
    this.push(kind, this.at, this.at + 1);
    this.at += 1;
  }

  /** A text, a reference, a formula, a number, an operator or a word. */
  private part(): void {
    const { source } = this;
    const mark = source[this.at] ?? "";
    if (mark === "'" || mark === '"' || mark === "`") this.string(mark);
    else if (mark === "{") this.formula();
    else if (mark === "$" || mark === "@") this.reference(false);
    else {
      const number = this.take(NUMBER);
      const operator = this.take(OPERATOR);
      const word = this.take(WORD);
      if (number !== null) this.length("number", number);
      else if (operator !== null) this.length("operator", operator);
      else if (word !== null) this.length(this.operators.has(word.toLowerCase()) ? "operator" : "word", word);
      else this.one("mark");
    }
  }

  private length(kind: Kind, text: string): void {
    this.push(kind, this.at, this.at + text.length);
    this.at += text.length;
  }

  private string(quote: string): void {
    const { source } = this;
    let from = this.at;
    this.at += 1;
    while (!this.done) {
      const mark = source[this.at];
      if (mark === quote) {
        this.at += 1;
        this.push("string", from, this.at);
        return;
      }
      if (mark === "\\" && source[this.at + 1] === quote && !/^\s*[,}]/.test(source.slice(this.at + 2)))
        this.at += 2;
      else if (mark === "{" && this.opens()) {
        this.push("string", from, this.at);
        this.formula();
        if (this.place.in !== "text") return;
        from = this.at;
      } else if (mark === "{" && this.unfinishedGroup()) {
        this.push("string", from, this.source.length);
        return;
      } else this.at += 1;
    }
    this.push("string", from, this.at);
    this.place = { in: "string", quote };
  }

  private reference(braced: boolean): void {
    const start = this.at;
    const steps: Step[] = [];
    this.one("root");
    if (this.done) {
      this.place = { in: "path", start, steps, from: this.at, typed: "", quoted: null, braced };
      return;
    }
    while (!this.done) {
      const mark = this.source[this.at];
      const from = this.at;
      if (mark === ".") {
        if (!this.dotted(start, from, steps, braced)) return;
      } else if (mark === "[") {
        if (!this.bracketed(start, from, steps, braced)) return;
      } else return;
    }
  }

  private dotted(start: number, from: number, steps: Step[], braced: boolean): boolean {
    this.one("mark");
    if (this.source[this.at] === ".") {
      this.one("mark");
      steps.push({ every: true });
    }
    const mark = this.source[this.at] ?? "";
    if (mark === "[") return true;
    if (mark === "*") {
      this.one("operator");
      steps.push({ every: true });
      return true;
    }
    if (mark === "{") {
      if (this.opens()) this.formula();
      else if (this.unfinishedGroup()) return false;
      else return false;
      steps.push({ every: true });
      return this.place.in === "text";
    }
    if (mark === "'" || mark === '"' || mark === "`") return this.quotedKey(mark, start, from, steps, braced);
    const key = this.take(braced ? BRACED_KEY : BARE_KEY) ?? "";
    if (this.at + key.length >= this.source.length) {
      this.push("name", this.at, this.source.length);
      this.at = this.source.length;
      this.place = { in: "path", start, steps, from, typed: key.trimStart(), quoted: null, braced };
      return false;
    }
    this.push("name", this.at, this.at + key.trimEnd().length);
    this.at += key.length;
    if (key.trim() === "") return false;
    steps.push(/^-?\d+$/.test(key.trim()) ? { index: Number(key) } : { key: key.trim() });
    return true;
  }

  private quotedKey(quote: string, start: number, from: number, steps: Step[], braced: boolean): boolean {
    const begin = this.at;
    this.string(quote);
    if (this.place.in === "string") {
      const typed = this.source.slice(begin + 1);
      this.place = { in: "path", start, steps, from, typed, quoted: quote, braced };
    }
    if (this.place.in !== "text") return false;
    const text = this.source.slice(begin + 1, this.at - 1);
    steps.push(text.includes("{") ? { every: true } : { key: text });
    return true;
  }

  private bracketed(start: number, from: number, steps: Step[], braced: boolean): boolean {
    this.one("mark");
    this.blanks();
    const mark = this.source[this.at] ?? "";
    const before = this.at;
    if (this.done) {
      this.place = { in: "path", start, steps, from, typed: "", quoted: null, braced };
      return false;
    }
    if (mark === "'" || mark === '"' || mark === "`") {
      if (!this.quotedKey(mark, start, from, steps, braced)) return false;
    } else steps.push({ every: true });
    let depth = 0;
    while (!this.done) {
      const next = this.source[this.at] ?? "";
      if (next === "]" && depth === 0) {
        const inner = this.source.slice(before, this.at).trim();
        if (/^-?\d+$/.test(inner)) steps.splice(-1, 1, { index: Number(inner) });
        else if (!"'\"`".includes(inner[0] ?? "") && /^[^?*:,${]+$/.test(inner))
          steps.splice(-1, 1, { key: inner });
        else if (inner.includes(",") && !inner.startsWith("?")) steps.splice(-1, 1, { every: true });
        this.one("mark");
        return true;
      }
      if (next === "[" || next === "(") depth += 1;
      if (next === "]" || next === ")") depth -= 1;
      if (/\s/.test(next)) this.at += 1;
      else if ("[]()?*:,".includes(next)) this.one(next === "*" || next === "?" ? "operator" : "mark");
      else if ("{}".includes(next) && !(next === "{" && this.opens())) this.one("mark");
      else this.part();
      if (this.place.in !== "text") return false;
    }
    const typed = this.source.slice(before);
    if (this.place.in === "text" && /^-?\d*$/.test(typed)) {
      steps.pop();
      this.place = { in: "path", start, steps, from, typed, quoted: null, braced };
    }
    return false;
  }
}

const NONE: ReadonlySet<string> = new Set();
const anyName = () => true;

export function tokenize(
  source: string,
  knows: (name: string) => boolean = anyName,
  operators: ReadonlySet<string> = NONE,
): readonly Token[] {
  const reader = new Reader(source, knows, operators);
  reader.read();
  return reader.tokens;
}

/** What a caret at the end of `before` is in the middle of. */
export function placeAt(before: string, knows: (name: string) => boolean = anyName): Place {
  const reader = new Reader(before, knows, NONE);
  reader.read();
  return reader.place;
}
