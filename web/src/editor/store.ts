/** The state of one automation while somebody edits it: the document, its history, selection, what is folded, what the server said. */
import {
  type Block,
  blockOf,
  branches,
  chain,
  type Doc,
  type Input,
  type Json,
  placeOf,
  read,
  withInput,
  withSetting,
  write,
} from "./document";
import { isFolded, type Spot, update, withFolded } from "./edits";
import { asWritten, type Written, writtenIn } from "./exact";
import { renameBlock } from "./names";
import { holdersOf, rowsOf } from "./rows";

export type { Spot } from "./edits";

export type Issue = {
  readonly code: string;
  readonly text: string;
  readonly blockId: string | null;
  readonly input: string | null;
  readonly position: number | null;
  readonly severity: "error" | "warning";
};

export type Schedule = {
  readonly id?: string;
  readonly startAt?: string;
  readonly stopAt?: string;
  readonly interval?: number;
  readonly timezone?: string;
  readonly recurrence?: string;
  readonly misfire?: string;
};

/** What belongs to the automation and not to its document; saved with it. */
export type About = {
  readonly name: string;
  readonly description: string;
  readonly schedules: readonly Schedule[];
  readonly maxConcurrentRuns: number;
};

export type Snapshot = {
  readonly doc: Doc;
  readonly about: About;
  readonly dirty: boolean;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** The block that the panel shows and the keyboard is at. */
  readonly current: string | null;
  readonly selected: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
  readonly issues: readonly Issue[];
};

export type EditOptions = {
  /** Edits with the same word that follow each other within a second are one step back: typing in one field. */
  readonly coalesce?: string;
  /** What is selected afterwards. */
  readonly select?: readonly string[];
};

/** What the panel and the tree build on. Every edit is one step of undo; nothing happens while `readOnly`. */
export interface Editor {
  readonly automationId: string;
  readonly readOnly: boolean;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => Snapshot;

  /** The block now; the same object as long as nothing in it was edited. */
  block(id: string): Block | undefined;
  /** Any pure change of the document. A change that gives the same document back is none. */
  edit(change: (doc: Doc) => Doc, options?: EditOptions): void;
  /** Replaces one block by what the function makes of it (its id stays). */
  editBlock(id: string, change: (block: Block) => Block, options?: EditOptions): void;
  /** Value of an input; typing is joined by itself. `more` sets other fields of the input, such as `displayValue`. */
  setInput(id: string, input: string, value: Json, more?: Partial<Input>): void;
  setSetting(id: string, setting: string, value: Json, more?: Partial<Input>): void;
  /** Another reference name; formulas that read the block follow. Returns the name it got (a free one). */
  rename(id: string, name: string): string;
  describe(about: Partial<About>): void;

  select(id: string | null, how?: "only" | "toggle" | "range"): void;
  /** Makes it current and opens what hides it. */
  reveal(id: string): void;
  fold(ids: readonly string[], folded: boolean): void;
  undo(): void;
  redo(): void;

  /** What the server has, and its tag. A save that was refused leaves them as they were. */
  readonly base: Base;
  /** The workspace as it is to be saved, what is folded included. */
  workspace(): { readonly [field: string]: unknown };
  /** The server has taken what `sent` was when it was sent; what was edited meanwhile stays an edit. */
  saved(sent: Sent, base: Base, issues: readonly Issue[]): void;
  /** Before a save: what is being sent. */
  sending(): Sent;
  /** Takes another document of the server (theirs, or a restored version) as the one that is edited; undo brings the own one back. */
  adopt(workspace: unknown, about: About, base: Base, text?: string): void;
  /** Edits all of it into another workspace, with the numbers of its file as they were written. */
  replace(workspace: unknown, written?: Written): void;
  /** Keeps what is edited, to be saved over what the server has. */
  rebase(base: Base): void;
  /** Goes back to what was saved last, for an automation that is gone. */
  undoAll(): void;
}

export type Base = { readonly etag: string | null; readonly version: number };
export type Sent = { readonly doc: Doc; readonly about: About };

type Step = { readonly doc: Doc; readonly current: string | null };

const COALESCED_FOR = 1000;
const KEPT_STEPS = 500;

export class EditorStore implements Editor {
  readonly automationId: string;
  readonly readOnly: boolean;
  base: Base;
  private now: Snapshot;
  private past: Step[] = [];
  private future: Step[] = [];
  private savedDoc: Doc;
  private savedAbout: About;
  private last: { readonly word: string; readonly at: number } | null = null;
  private anchor: string | null = null;
  // What the server sent is read for its numbers when something is sent back.
  private text: string | undefined;
  private written: Written = new Map();
  private readonly listeners = new Set<() => void>();
  private readonly clock: () => number;

  constructor(given: {
    readonly automationId: string;
    readonly workspace: unknown;
    readonly text?: string | undefined;
    readonly about: About;
    readonly base: Base;
    readonly readOnly?: boolean;
    readonly issues?: readonly Issue[];
    readonly clock?: () => number;
  }) {
    const doc = read(given.workspace);
    this.automationId = given.automationId;
    this.readOnly = given.readOnly ?? false;
    this.base = given.base;
    this.text = given.text;
    this.clock = given.clock ?? Date.now;
    this.savedDoc = doc;
    this.savedAbout = given.about;
    this.now = {
      doc,
      about: given.about,
      dirty: false,
      canUndo: false,
      canRedo: false,
      current: null,
      selected: new Set(),
      folded: foldedIn(doc),
      issues: given.issues ?? [],
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): Snapshot => this.now;

  private set(patch: Partial<Snapshot>): void {
    const next = { ...this.now, ...patch };
    const dirty = next.doc !== this.savedDoc || next.about !== this.savedAbout;
    this.now = { ...next, dirty, canUndo: this.past.length > 0, canRedo: this.future.length > 0 };
    for (const listener of this.listeners) listener();
  }

  block(id: string): Block | undefined {
    return blockOf(this.now.doc, id);
  }

  edit(change: (doc: Doc) => Doc, options: EditOptions = {}): void {
    if (this.readOnly) return;
    const doc = change(this.now.doc);
    if (doc === this.now.doc) return;
    const at = this.clock();
    const joined =
      options.coalesce !== undefined &&
      this.last?.word === options.coalesce &&
      at - this.last.at < COALESCED_FOR;
    if (!joined) this.past = [...this.past.slice(-KEPT_STEPS + 1), this.step()];
    this.last = options.coalesce === undefined ? null : { word: options.coalesce, at };
    this.future = [];
    this.set({ doc, ...this.selectionIn(doc, options.select) });
  }

  private step(): Step {
    return { doc: this.now.doc, current: this.now.current };
  }

  /** Blocks that are gone cannot be selected. Without the current one, the nearest that was before it is current. */
  private selectionIn(doc: Doc, wanted?: readonly string[]): Partial<Snapshot> {
    if (wanted !== undefined) {
      const selected = new Set(wanted.filter((id) => blockOf(doc, id) !== undefined));
      const current = wanted.at(-1) ?? null;
      this.anchor = current;
      return { selected, current };
    }
    const selected = [...this.now.selected].filter((id) => blockOf(doc, id) !== undefined);
    let current = this.now.current;
    while (current !== null && blockOf(doc, current) === undefined) {
      current = placeOf(this.now.doc, current)?.parent ?? null;
    }
    if (current === this.now.current && selected.length === this.now.selected.size) return {};
    return { current, selected: new Set(selected.length === 0 && current !== null ? [current] : selected) };
  }

  editBlock(id: string, change: (block: Block) => Block, options?: EditOptions): void {
    this.edit((doc) => update(doc, id, change), options);
  }

  setInput(id: string, input: string, value: Json, more: Partial<Input> = {}): void {
    const patch = { value, ...more } as Record<string, Json>;
    this.editBlock(id, (block) => withInput(block, input, patch), { coalesce: `input/${id}/${input}` });
  }

  setSetting(id: string, setting: string, value: Json, more: Partial<Input> = {}): void {
    const patch = { value, ...more } as Record<string, Json>;
    this.editBlock(id, (block) => withSetting(block, setting, patch), {
      coalesce: `setting/${id}/${setting}`,
    });
  }

  rename(id: string, name: string): string {
    const made = renameBlock(this.now.doc, id, name);
    this.edit(() => made.doc, { coalesce: `name/${id}` });
    return made.name;
  }

  describe(about: Partial<About>): void {
    if (!this.readOnly) this.set({ about: { ...this.now.about, ...about } });
  }

  select(id: string | null, how: "only" | "toggle" | "range" = "only"): void {
    const { selected, current } = this.now;
    if (id === null) {
      this.set({ current: null, selected: new Set() });
    } else if (how === "toggle") {
      const next = new Set(selected);
      if (!next.delete(id)) next.add(id);
      this.anchor = id;
      this.set({ selected: next, current: id });
    } else if (how === "range") {
      this.set({ selected: this.between(this.anchor ?? current ?? id, id), current: id });
    } else if (current !== id || selected.size !== 1 || !selected.has(id)) {
      this.anchor = id;
      this.set({ selected: new Set([id]), current: id });
    }
  }

  private between(one: string, other: string): ReadonlySet<string> {
    const rows = rowsOf(this.now.doc, this.now.folded).flatMap((row) =>
      row.kind === "block" ? [row.id] : [],
    );
    const [from, to] = [rows.indexOf(one), rows.indexOf(other)].sort((left, right) => left - right) as [
      number,
      number,
    ];
    return new Set(from < 0 ? [other] : rows.slice(from, to + 1));
  }

  reveal(id: string): void {
    const hidden = holdersOf(this.now.doc, id).filter((holder) => this.now.folded.has(holder));
    if (hidden.length > 0) this.fold(hidden, false);
    this.select(id);
  }

  fold(ids: readonly string[], folded: boolean): void {
    const next = new Set(this.now.folded);
    for (const id of ids) {
      if (folded) next.add(id);
      else next.delete(id);
    }
    if (next.size === this.now.folded.size) return;
    // What is hidden cannot be where the keyboard is.
    const { doc, current } = this.now;
    const hides = current === null ? undefined : holdersOf(doc, current).find((holder) => next.has(holder));
    this.set(
      hides === undefined ? { folded: next } : { folded: next, current: hides, selected: new Set([hides]) },
    );
  }

  undo(): void {
    this.travel(this.past, this.future);
  }

  redo(): void {
    this.travel(this.future, this.past);
  }

  private travel(from: Step[], to: Step[]): void {
    const step = from.pop();
    if (step === undefined || this.readOnly) return;
    to.push(this.step());
    this.last = null;
    const current =
      step.current !== null && blockOf(step.doc, step.current) !== undefined ? step.current : null;
    this.set({ doc: step.doc, current, selected: new Set(current === null ? [] : [current]) });
  }

  workspace(): { readonly [field: string]: unknown } {
    return asWritten(write(withFolded(this.now.doc, this.now.folded)), this.numbers());
  }

  private numbers(more?: Written): Written {
    if (this.text !== undefined) this.written = new Map([...this.written, ...writtenIn(this.text)]);
    this.text = undefined;
    if (more !== undefined) this.written = new Map([...this.written, ...more]);
    return this.written;
  }

  replace(workspace: unknown, written?: Written): void {
    if (this.readOnly) return;
    this.numbers(written);
    this.edit(() => read(workspace));
  }

  sending(): Sent {
    return { doc: this.now.doc, about: this.now.about };
  }

  saved(sent: Sent, base: Base, issues: readonly Issue[]): void {
    this.base = base;
    this.savedDoc = sent.doc;
    this.savedAbout = sent.about;
    this.last = null;
    this.set({ issues });
  }

  adopt(workspace: unknown, about: About, base: Base, text?: string): void {
    const doc = read(workspace);
    this.numbers();
    this.text = text;
    this.past = [...this.past, this.step()];
    this.future = [];
    this.last = null;
    this.base = base;
    this.savedDoc = doc;
    this.savedAbout = about;
    this.set({ doc, about, folded: foldedIn(doc), ...this.selectionIn(doc) });
  }

  rebase(base: Base): void {
    this.base = base;
    this.set({});
  }

  undoAll(): void {
    this.past = [];
    this.future = [];
    this.set({ doc: this.savedDoc, about: this.savedAbout, current: null, selected: new Set() });
  }
}

function foldedIn(doc: Doc): ReadonlySet<string> {
  return new Set(
    doc.blocks.filter((block) => branches(block).length > 0 && isFolded(block)).map((block) => block.id),
  );
}

/** Where something new goes: after the current block, or at the end of the main chain. */
export function spotFor(editor: Editor): Spot | null {
  const { doc, current } = editor.getSnapshot();
  if (current !== null && blockOf(doc, current) !== undefined) return { parent: current, edge: "childId" };
  const start = doc.shape.roots[0];
  if (start === undefined) return null;
  const last = chain(doc, start).at(-1) ?? start;
  return { parent: last, edge: "childId" };
}
