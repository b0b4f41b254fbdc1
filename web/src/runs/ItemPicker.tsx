import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, IconButton } from "../ui";
import { ItemsDialog } from "./ItemsDialog";
import { type LiveStore, useLiveBlock } from "./live";
import type { OutlineRow } from "./outline";
import { itemPath } from "./places";
import { itemsOf } from "./values";

type Props = {
  readonly automationId: string;
  readonly runId: string;
  readonly live: LiveStore;
  readonly row: OutlineRow;
  readonly rows: readonly OutlineRow[];
  readonly item: string;
  readonly onPick: (item: string) => void;
};

/** Which item of each loop around a block is looked at. */
export function ItemPicker(props: Props) {
  const chosen = itemsOf(props.item);
  // An inner loop has items only within an item of the outer one.
  const levels = props.row.loops.slice(0, chosen.length + 1);
  return (
    <div className="runs-pickers">
      {levels.map((loop, level) => (
        <Level key={loop} {...props} loop={loop} level={level} />
      ))}
    </div>
  );
}

function Level({
  automationId,
  runId,
  live,
  rows,
  item,
  onPick,
  loop,
  level,
}: Props & { readonly loop: string; readonly level: number }) {
  const { t, number } = useLocale();
  const state = useLiveBlock(live, loop);
  const [typed, setTyped] = useState<string | null>(null);
  const [listed, setListed] = useState(false);
  const chosen = itemsOf(item);
  const around = chosen[level - 1]?.path ?? "";
  const index = chosen[level]?.index ?? null;
  const key = live.keyOf(loop);
  const name = rows.find((row) => row.id === loop)?.name ?? "";
  // The records of an inner loop are counted over all items of the outer one: they bound nothing.
  const total = level === 0 && state !== null && state.records > 0 ? state.records : null;
  if (key === undefined) return null;
  const go = (to: number | null) => {
    setTyped(null);
    if (to === null) onPick(around);
    else onPick(itemPath(around, key, Math.max(0, total === null ? to : Math.min(total - 1, to))));
  };
  return (
    <fieldset className="runs-picker">
      <legend>{t("runs.itemIn", name)}</legend>
      <IconButton
        icon="arrowUp"
        label={t("runs.itemBefore")}
        disabled={index === null || index === 0}
        onClick={() => go((index ?? 0) - 1)}
      />
      <input
        className="control runs-number"
        inputMode="numeric"
        aria-label={t("runs.itemNumber")}
        placeholder={t("runs.itemAll")}
        value={typed ?? (index === null ? "" : String(index + 1))}
        onChange={(event) => setTyped(event.target.value.replace(/\D/g, "").slice(0, 9))}
        onBlur={() => typed !== null && go(typed === "" ? null : Number(typed) - 1)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && typed !== null) go(typed === "" ? null : Number(typed) - 1);
        }}
      />
      {total === null ? null : <span className="muted">{t("runs.of", number(total))}</span>}
      <IconButton
        icon="arrowDown"
        label={t("runs.itemAfter")}
        disabled={index !== null && total !== null && index + 1 >= total}
        onClick={() => go(index === null ? 0 : index + 1)}
      />
      <Button icon="list" onClick={() => setListed(true)}>
        {t("runs.itemList")}
      </Button>
      {index === null ? null : (
        <Button look="bare" onClick={() => go(null)}>
          {t("runs.itemShowAll")}
        </Button>
      )}
      {listed ? (
        <ItemsDialog
          automationId={automationId}
          runId={runId}
          blockId={loop}
          name={name}
          around={around}
          onClose={() => setListed(false)}
          onPick={(path) => {
            setListed(false);
            onPick(path);
          }}
        />
      ) : null}
    </fieldset>
  );
}
