import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useLocale } from "../i18n";
import type { Option, Wired } from "./fields";
import { place } from "./Menu";
import "./Combobox.css";

type Props = Partial<Wired> & {
  readonly options: readonly (Option & { readonly hint?: string })[];
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Called with what is typed, where the options come from a server. Without it they are filtered here. */
  readonly onQuery?: (text: string) => void;
  /** Whether a text that is none of the options may be chosen. */
  readonly free?: boolean;
  readonly label?: string;
  readonly placeholder?: string;
  readonly busy?: boolean;
  readonly disabled?: boolean;
};

const MOST = 100;

/** A text field with a list of choices (ARIA APG "combobox" with list autocomplete). */
export function Combobox({
  options,
  value,
  onChange,
  onQuery,
  free = false,
  label,
  placeholder,
  busy = false,
  disabled = false,
  ...wired
}: Props) {
  const { t } = useLocale();
  const own = useId();
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const chosen = options.find((option) => option.value === value);
  const shown = useMemo(() => {
    const wanted = (typed ?? "").trim().toLowerCase();
    if (onQuery !== undefined || wanted === "") return options.slice(0, MOST);
    const fits = (option: Option) =>
      option.label.toLowerCase().includes(wanted) || option.value.toLowerCase().includes(wanted);
    return options.filter(fits).slice(0, MOST);
  }, [options, typed, onQuery]);
  const open = typed !== null;

  useEffect(() => {
    const popup = list.current;
    const from = input.current?.getBoundingClientRect();
    if (popup === null || from === undefined) return;
    if (open && !popup.matches(":popover-open")) popup.showPopover();
    if (!open && popup.matches(":popover-open")) popup.hidePopover();
    if (open) {
      popup.style.minWidth = `${from.width}px`;
      place(popup, from);
    }
  }, [open]);
  useEffect(() => {
    if (open) document.getElementById(`${own}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [open, at, own]);

  const choose = (option: Option | undefined) => {
    if (option !== undefined && option.disabled !== true) onChange(option.value);
    setTyped(null);
  };
  const leave = () => {
    if (typed !== null && free && typed !== (chosen?.label ?? value)) onChange(typed);
    else if (typed === "" && value !== "") onChange("");
    setTyped(null);
  };
  const onKeys = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) setTyped("");
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt(open && shown.length > 0 ? (at + step + shown.length) % shown.length : 0);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      if (free && shown[at] === undefined) leave();
      else choose(shown[at]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      setTyped(null);
    }
  };
  return (
    <>
      <input
        {...wired}
        ref={input}
        className="control"
        role="combobox"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={`${own}-list`}
        aria-activedescendant={open && shown[at] !== undefined ? `${own}-${at}` : undefined}
        aria-busy={busy || undefined}
        autoComplete="off"
        spellCheck={false}
        disabled={disabled}
        placeholder={placeholder}
        value={typed ?? chosen?.label ?? value}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
          onQuery?.(event.target.value);
        }}
        onClick={() => {
          if (!open) {
            setTyped("");
            onQuery?.("");
          }
        }}
        onKeyDown={onKeys}
        onBlur={leave}
      />
      <div
        ref={list}
        id={`${own}-list`}
        popover="manual"
        role="listbox"
        tabIndex={-1}
        aria-label={label ?? t("action.search")}
        className="combobox-list"
      >
        {shown.map((option, index) => (
          <div
            key={option.value}
            id={`${own}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={option.value === value}
            aria-disabled={option.disabled || undefined}
            className={index === at ? "combobox-option combobox-at" : "combobox-option"}
            onPointerDown={(event) => {
              event.preventDefault();
              choose(option);
            }}
          >
            <bdi>{option.label}</bdi>
            {option.hint === undefined ? null : <span className="combobox-hint">{option.hint}</span>}
          </div>
        ))}
        {shown.length === 0 ? (
          <div className="combobox-none">{busy ? t("state.loading") : t("state.noMatch")}</div>
        ) : null}
      </div>
    </>
  );
}
