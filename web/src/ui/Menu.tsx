import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { Button, type Look } from "./Button";
import { Icon, type IconName } from "./icons";
import "./Menu.css";

export type MenuItem = {
  readonly label: string;
  readonly icon?: IconName;
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** The keys that do the same. */
  readonly keys?: string;
};

type Props = {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly icon?: IconName;
  readonly look?: Look;
  /** What the button shows; without it only the icon. */
  readonly children?: ReactNode;
};

/** A button with a menu (ARIA APG "menu button"); the list lies in the top layer, so that nothing cuts it. */
export function Menu({ label, items, icon = "more", look = "bare", children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const show = (at: "first" | "last") => {
    const shown = list.current;
    const from = button.current?.getBoundingClientRect();
    if (shown === null || from === undefined) return;
    shown.showPopover();
    place(shown, from);
    focus(shown, at === "first" ? 0 : -1);
  };
  const onKeys = (event: KeyboardEvent) => {
    const shown = list.current;
    if (shown === null) return;
    const entries = entriesOf(shown);
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      focus(shown, move);
    } else if (event.key === "Tab") {
      shown.hidePopover();
    } else if (event.key.length === 1 && event.key !== " ") {
      const letter = event.key.toLowerCase();
      const later = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
      later.find((entry) => entry.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
    }
  };
  return (
    <>
      <Button
        ref={button}
        look={look}
        {...(children === undefined ? { "aria-label": label, title: label, className: "button-icon" } : {})}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => (open ? list.current?.hidePopover() : show("first"))}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          show(event.key === "ArrowDown" ? "first" : "last");
        }}
      >
        {children ?? <Icon name={icon} />}
        {children === undefined ? null : <Icon name="chevronDown" />}
      </Button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className="menu"
        onToggle={(event) => setOpen(event.newState === "open")}
        onKeyDown={onKeys}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className={item.danger === true ? "menu-item menu-danger" : "menu-item"}
            aria-disabled={item.disabled || undefined}
            onClick={() => {
              if (item.disabled === true) return;
              list.current?.hidePopover();
              item.onSelect();
            }}
          >
            {item.icon === undefined ? <span className="menu-gap" /> : <Icon name={item.icon} />}
            <span>{item.label}</span>
            {item.keys === undefined ? null : <kbd>{item.keys}</kbd>}
          </button>
        ))}
      </div>
    </>
  );
}

function entriesOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>('[role="menuitem"]')];
}

function focus(list: HTMLElement, index: number) {
  const entries = entriesOf(list);
  entries
    .at(entries.length === 0 ? 0 : ((index % entries.length) + entries.length) % entries.length)
    ?.focus();
}

/** Below the button, or above where there is no room; within the window. */
export function place(shown: HTMLElement, from: DOMRect) {
  const { offsetWidth: width, offsetHeight: height } = shown;
  const below = from.bottom + 4;
  const top = below + height <= innerHeight || from.top < height + 8 ? below : from.top - height - 4;
  const left = Math.max(8, Math.min(from.right - width, innerWidth - width - 8));
  shown.style.top = `${Math.max(8, top)}px`;
  shown.style.left = `${from.left + width <= innerWidth - 8 ? from.left : left}px`;
}
