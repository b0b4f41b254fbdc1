import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { EditorState, RangeSetBuilder, Transaction } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { headless } from "./root";

export type Handle = { setText(text: string): void; destroy(): void };
export type Plain = "python" | "json";

const WORDS = {
  python:
    /(?<comment>#.*)|(?<string>'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|(?<number>\b\d[\d_.eE]*\b)|(?<operator>\b(?:and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield|True|False|None)\b)/g,
  json: /(?<name>"(?:\\.|[^"\\\n])*"(?=\s*:))|(?<string>"(?:\\.|[^"\\\n])*")|(?<number>-?\b\d[\d.eE+-]*\b)|(?<operator>\b(?:true|false|null)\b)/g,
} as const;

function colours(kind: Plain) {
  const build = (view: EditorView): DecorationSet => {
    const set = new RangeSetBuilder<Decoration>();
    const source = view.state.doc.toString();
    if (source.length > 200_000) return set.finish();
    for (const found of source.matchAll(WORDS[kind])) {
      const name = Object.entries(found.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
      if (name !== undefined && found[0] !== "") {
        set.add(found.index, found.index + found[0].length, Decoration.mark({ class: `formula-${name}` }));
      }
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
        if (change.docChanged) this.decorations = build(change.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

/** An editor of program text. Tab leaves it, as everywhere; Ctrl+] and Ctrl+[ indent. */
export function openCode(
  parent: HTMLElement,
  text: string,
  kind: Plain,
  readOnly: boolean,
  attributes: Readonly<Record<string, string>>,
  onChange: (text: string) => void,
): Handle {
  const view = new EditorView({
    parent,
    root: headless(document),
    state: EditorState.create({
      doc: text,
      extensions: [
        history(),
        lineNumbers(),
        drawSelection(),
        indentUnit.of(kind === "python" ? "    " : "  "),
        EditorState.readOnly.of(readOnly),
        EditorView.contentAttributes.of({ ...attributes }),
        bracketMatching(),
        closeBrackets(),
        keymap.of([
          { key: "Mod-]", run: indentMore },
          { key: "Mod-[", run: indentLess },
          ...closeBracketsKeymap,
          ...historyKeymap,
          ...defaultKeymap.filter((one) => one.key !== "Mod-Enter"),
        ]),
        colours(kind),
        EditorView.updateListener.of((update) => {
          const outside = update.transactions.some((one) => one.annotation(Transaction.remote) === true);
          if (update.docChanged && !outside) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(changed) {
      if (view.state.doc.toString() === changed) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: changed },
        annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
      });
    },
    destroy: () => view.destroy(),
  };
}
