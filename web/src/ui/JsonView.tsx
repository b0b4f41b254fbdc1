import { useState } from "react";
import { useLocale } from "../i18n";
import { Button } from "./Button";
import { Icon } from "./icons";
import "./JsonView.css";

const PIECE = 50;
const LONGEST = 300;

type Props = {
  readonly value: unknown;
  /** How many levels are open at first. */
  readonly open?: number;
  /** Makes the name of each value a button that tells its path, as formulas write it. */
  readonly onPick?: (path: string) => void;
};

/** A value of JSON as a tree. Only what is open is in the page, and only a piece of a long list or text. */
export function JsonView({ value, open = 1, onPick }: Props) {
  return (
    <div className="json">
      <Value value={value} open={open} path="" onPick={onPick} />
    </div>
  );
}

type ValueProps = {
  readonly value: unknown;
  readonly name?: string;
  readonly open: number;
  readonly path: string;
  readonly onPick: Props["onPick"];
};

function Value({ value, name, open, path, onPick }: ValueProps) {
  const { t } = useLocale();
  const [shown, setShown] = useState(open > 0);
  const [pieces, setPieces] = useState(1);
  if (value === null || typeof value !== "object") {
    return (
      <div className="json-line">
        <Name name={name} path={path} onPick={onPick} />
        <Scalar value={value} />
      </div>
    );
  }
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((one, index) => [String(index), one] as const)
    : Object.entries(value);
  const size = Array.isArray(value) ? t("json.items", entries.length) : t("json.keys", entries.length);
  const called = name ?? (Array.isArray(value) ? "[]" : "{}");
  return (
    <div>
      <div className="json-line">
        <button
          type="button"
          className="json-toggle"
          aria-expanded={shown}
          aria-label={t(shown ? "json.collapse" : "json.expand", called)}
          onClick={() => setShown(!shown)}
        >
          <Icon name={shown ? "chevronDown" : "chevronRight"} size={12} />
        </button>
        <Name name={name} path={path} onPick={onPick} />
        <span className="json-size">{size}</span>
      </div>
      {shown ? (
        <div className="json-inside">
          {entries.slice(0, pieces * PIECE).map(([key, one]) => (
            <Value
              key={key}
              name={key}
              value={one}
              open={open - 1}
              path={joined(path, key, Array.isArray(value))}
              onPick={onPick}
            />
          ))}
          {entries.length > pieces * PIECE ? (
            <Button onClick={() => setPieces(pieces + 1)}>
              {t("json.rest", entries.length - pieces * PIECE)}
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function Name({
  name,
  path,
  onPick,
}: {
  readonly name: string | undefined;
  readonly path: string;
  readonly onPick: Props["onPick"];
}) {
  if (name === undefined) return null;
  if (onPick === undefined) return <span className="json-name">{name}</span>;
  return (
    <button type="button" className="json-name json-pick" onClick={() => onPick(path)}>
      {name}
    </button>
  );
}

function Scalar({ value }: { readonly value: unknown }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  if (value === undefined) return <span className="json-null">{t("json.nothing")}</span>;
  if (typeof value !== "string")
    return <span className={value === null ? "json-null" : "json-number"}>{String(value)}</span>;
  const cut = value.length > LONGEST && !whole;
  return (
    <span className="json-text">
      <bdi>{cut ? `${value.slice(0, LONGEST)}…` : value}</bdi>
      {value.length > LONGEST ? (
        <button type="button" className="json-more" onClick={() => setWhole(!whole)}>
          {t(cut ? "action.showMore" : "action.showLess")}
        </button>
      ) : null}
    </span>
  );
}

/** The path of an entry as formulas write it: `orders[0].id`, `a['b c']`. */
export function joined(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return path === "" ? key : `${path}.${key}`;
  return `${path}['${key.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
}
