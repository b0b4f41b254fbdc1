import {
  autocompletion,
  type Completion,
  type CompletionContext,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewline } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { EditorState, RangeSetBuilder, StateEffect, StateField, Transaction } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  placeholder,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { type Library, namesOf, type Offer, offersAt, operatorsOf } from "./complete";
import { brief, type Datum } from "./data";
import { headless } from "./root";
import { tokenize } from "./tokens";

/** What the editor asks for while people type; functions, so that it always sees what is known by now. */
export type Surroundings = {
  readonly data: () => readonly Datum[];
  readonly library: () => Library;
  readonly onChange: (text: string) => void;
  /** The card beside an offer in the list of completions. */
  readonly describe: (offer: Offer) => Node | null;
};

export type Setup = {
  readonly text: string;
  readonly selection: readonly [number, number] | null;
  readonly multiline: boolean;
  readonly readOnly: boolean;
  readonly placeholder: string;
  readonly attributes: Readonly<Record<string, string>>;
};

/** Ctrl+Enter tests the automation, also from within a field. */
const OWN_KEYS = defaultKeymap.filter((one) => one.key !== "Mod-Enter");

const LONGEST_COLOURED = 20_000;

const setError = StateEffect.define<number | null>();

const errorMark = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, change) {
    let found = change.docChanged ? Decoration.none : marks;
    for (const effect of change.effects) {
      if (!effect.is(setError)) continue;
      const length = change.state.doc.length;
      if (effect.value === null || length === 0) found = Decoration.none;
      else {
        const from = Math.min(effect.value, length - 1);
        found = Decoration.set([Decoration.mark({ class: "formula-fault" }).range(from, from + 1)]);
      }
    }
    return found;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function colours(surroundings: Surroundings) {
  const build = (view: EditorView): DecorationSet => {
    const set = new RangeSetBuilder<Decoration>();
    const source = view.state.doc.toString();
    if (source.length > LONGEST_COLOURED) return set.finish();
    const library = surroundings.library();
    const names = namesOf(library);
    const knows = (name: string) => names.size === 0 || names.has(name);
    for (const token of tokenize(source, knows, operatorsOf(library))) {
      set.add(token.from, token.to, Decoration.mark({ class: `formula-${token.kind}` }));
    }
    return set.finish();
  };
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = build(view);
      }
      update(change: ViewUpdate) {
        if (
          change.docChanged ||
          change.transactions.some((one) => one.annotation(Transaction.userEvent) === "refresh")
        ) {
          this.decorations = build(change.view);
        }
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

function completions(surroundings: Surroundings, late: { missed: boolean }) {
  return (context: CompletionContext) => {
    late.missed = surroundings.library().functions.length === 0;
    const source = context.state.doc.toString();
    const before = source.slice(0, context.pos);
    const offers = offersAt(
      before,
      source.slice(context.pos),
      surroundings.data(),
      surroundings.library(),
      context.explicit,
    );
    if (offers === null || offers.options.length === 0) return null;
    return {
      from: offers.from,
      options: offers.options.map((offer, at) => asCompletion(offer, at, surroundings)),
      validFor: /^[.[$]?[\w'" -]*$/,
    };
  };
}

/** Whether somebody had begun to type a formula before the code of this field was there. */
function isBegun(view: EditorView, surroundings: Surroundings): boolean {
  const source = view.state.doc.toString();
  const at = view.state.selection.main.head;
  if (source.includes("}", at)) return false;
  const offers = offersAt(
    source.slice(0, at),
    source.slice(at),
    surroundings.data(),
    surroundings.library(),
    false,
  );
  return offers !== null && offers.options.length > 0;
}

function asCompletion(offer: Offer, at: number, surroundings: Surroundings): Completion {
  const detail =
    offer.kind === "path"
      ? brief(offer.value, 36)
      : (offer.fn?.parameters.map((one) => one.name).join(", ") ?? "");
  return {
    label: offer.label,
    type: offer.kind,
    boost: (offer.kind === "path" ? 50 : 0) - Math.min(at, 40) / 10,
    ...(detail === "" ? {} : { detail }),
    info: () => surroundings.describe(offer),
    apply: (view, _, from, to) => {
      const end = closesItself(view.state.sliceDoc(to, to + 1), offer.insert) ? to + 1 : to;
      view.dispatch({
        changes: { from, to: end, insert: offer.insert },
        selection: { anchor: from + (offer.caret ?? offer.insert.length) },
        userEvent: "input.complete",
      });
      if (offer.kind === "function") startCompletion(view);
    },
  };
}

/** A bracket that was closed for people while they typed `[` must not stand there twice. */
function closesItself(next: string, insert: string): boolean {
  return next === "]" && insert.startsWith("[");
}

function chosen({ text, selection }: Setup) {
  const at = (position: number) => Math.min(position, text.length);
  return selection === null ? { anchor: text.length } : { anchor: at(selection[0]), head: at(selection[1]) };
}

export type Handle = {
  readonly view: EditorView;
  setText(text: string): void;
  setFault(offset: number | null): void;
  /** Puts text at the caret and goes on behind it. */
  insert(text: string, caret?: number): void;
  /** Goes on where somebody has begun to type. */
  begin(): void;
  /** What is known (functions, data) has changed. */
  refresh(): void;
};

export function openEditor(parent: HTMLElement, setup: Setup, surroundings: Surroundings): Handle {
  const enter = setup.multiline
    ? []
    : [
        { key: "Enter", run: () => true },
        { key: "Shift-Enter", run: insertNewline },
      ];
  const late = { missed: false };
  const offer = () => {
    late.missed = false;
    if (view.hasFocus && completionStatus(view.state) === null) startCompletion(view);
  };
  const view = new EditorView({
    parent,
    root: headless(document),
    state: EditorState.create({
      doc: setup.text,
      selection: chosen(setup),
      extensions: [
        history(),
        EditorView.lineWrapping,
        EditorState.readOnly.of(setup.readOnly),
        EditorView.contentAttributes.of({ ...setup.attributes }),
        placeholder(setup.placeholder),
        bracketMatching(),
        closeBrackets(),
        EditorState.languageData.of(() => [{ closeBrackets: { brackets: ["{", "[", "("] } }]),
        autocompletion({ override: [completions(surroundings, late)], icons: false, maxRenderedOptions: 12 }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...enter, ...historyKeymap, ...OWN_KEYS]),
        colours(surroundings),
        errorMark,
        EditorView.updateListener.of((update) => {
          const outside = update.transactions.some((one) => one.annotation(Transaction.remote) === true);
          if (update.docChanged && !outside) surroundings.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    view,
    setText(text) {
      if (view.state.doc.toString() === text) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
      });
    },
    setFault: (offset) => view.dispatch({ effects: setError.of(offset) }),
    insert(text, caret) {
      const { from, to } = view.state.selection.main;
      view.dispatch({
        changes: { from, to, insert: text },
        selection: { anchor: from + (caret ?? text.length) },
        userEvent: "input",
      });
      view.focus();
    },
    begin() {
      view.focus();
      if (isBegun(view, surroundings)) offer();
    },
    refresh() {
      view.dispatch({ userEvent: "refresh" });
      if (late.missed && surroundings.library().functions.length > 0) offer();
    },
  };
}
