import { type KeyboardEvent, useEffect, useRef } from "react";
import { Icon, type MenuItem } from "../ui";
import { place } from "../ui/Menu";

type Props = {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly from: DOMRect;
  readonly onClose: () => void;
};

/** The menu of a row: one for the whole tree, at the place of the click or of the row. */
export function RowMenu({ label, items, from, onClose }: Props) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const shown = list.current;
    if (shown === null) return;
    shown.showPopover();
    place(shown, from);
    // A long menu near the lower edge goes up as far as it has to.
    const over = shown.getBoundingClientRect().bottom + 8 - innerHeight;
    if (over > 0) shown.style.top = `${Math.max(8, shown.offsetTop - over)}px`;
    entries(shown)[0]?.focus();
  }, [from]);
  const onKeys = (event: KeyboardEvent<HTMLDivElement>) => {
    const all = entries(event.currentTarget);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[to % all.length]?.focus();
    } else if (event.key === "Tab") {
      event.preventDefault();
      event.currentTarget.hidePopover();
    }
    event.stopPropagation();
  };
  return (
    <div
      ref={list}
      popover="auto"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      className="menu"
      onKeyDown={onKeys}
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
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
  );
}

function entries(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>('[role="menuitem"]')];
}
