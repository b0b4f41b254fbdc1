import { type Key, useLocale } from "../i18n";
import { Dialog } from "../ui";

const KEYS: readonly (readonly [string, Key])[] = [
  ["↑ ↓ Home End", "editor.keys.arrows"],
  ["← →", "editor.keys.sides"],
  ["Enter", "editor.keys.enter"],
  ["A, +, Insert", "editor.keys.insert"],
  ["Alt ↑, Alt ↓", "editor.keys.move"],
  ["Alt ←, Alt →", "editor.keys.moveSide"],
  ["Shift ↑, Shift ↓", "editor.keys.range"],
  ["Space", "editor.keys.toggle"],
  ["Ctrl A", "editor.keys.all"],
  ["Ctrl C, Ctrl X, Ctrl V", "editor.keys.clipboard"],
  ["Ctrl D", "editor.duplicate"],
  ["Delete", "editor.delete"],
  ["D", "editor.keys.disable"],
  ["C", "editor.comment"],
  ["Shift F10", "editor.keys.menu"],
  ["*", "editor.keys.everything"],
  ["/, Ctrl F", "editor.search"],
  ["Ctrl Z, Ctrl Y", "editor.keys.undo"],
  ["Ctrl S", "editor.save"],
  ["Ctrl Enter", "editor.keys.test"],
  ["Esc", "editor.keys.back"],
  ["?", "editor.keys.help"],
];

export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLocale();
  return (
    <Dialog reading title={t("editor.shortcuts")} onClose={onClose}>
      <dl className="editor-keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(", ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{(t as (key: Key) => string)(what)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
