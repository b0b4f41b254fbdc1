import { type KeyboardEvent, type ReactNode, useId } from "react";
import "./Tabs.css";

export type Tab = { readonly id: string; readonly label: ReactNode; readonly content: ReactNode };

type Props = {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly value: string;
  readonly onChange: (id: string) => void;
};

/** Tabs (ARIA APG, with automatic activation). Only the open one's content is in the page. */
export function Tabs({ label, tabs, value, onChange }: Props) {
  const id = useId();
  const open = tabs.find((tab) => tab.id === value) ?? tabs[0];
  const onKeys = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = tabs.findIndex((tab) => tab.id === open?.id);
    const moves: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: tabs.length - 1,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const next = tabs[(move + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChange(next.id);
    document.getElementById(`${id}-${next.id}`)?.focus();
  };
  if (open === undefined) return null;
  return (
    <div className="tabs">
      <div role="tablist" tabIndex={-1} aria-label={label} className="tabs-list" onKeyDown={onKeys}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={tab.id === open.id}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === open.id ? 0 : -1}
            className="tabs-tab"
            onClick={() => onChange(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${open.id}`} className="tabs-panel">
        {open.content}
      </div>
    </div>
  );
}
