import type { Iteration } from "@client";
import { useLocale } from "../i18n";
import { Icon, More } from "../ui";

type Props = {
  readonly items: readonly Iteration[];
  readonly pending: boolean;
  readonly more: Parameters<typeof More>[0]["query"] | null;
  readonly onPick: (path: string) => void;
};

/** Items of a loop, each a button: number, a few words about it, how it went. */
export function ItemList({ items, pending, more, onPick }: Props) {
  const { t, number } = useLocale();
  return (
    <>
      {items.length === 0 && !pending && more?.hasNextPage !== true ? (
        <p className="muted">{t("runs.noItems")}</p>
      ) : null}
      <ul className="runs-items">
        {items.map((item) => (
          <li key={item.path}>
            <button type="button" className="runs-item" onClick={() => onPick(item.path)}>
              <span className="runs-item-number">{number(item.index + 1)}</span>
              <span className="runs-item-label">
                <bdi>{item.label ?? t("runs.item", number(item.index + 1))}</bdi>
              </span>
              <span className={item.status === "failed" ? "runs-bad" : "muted"}>
                <Icon
                  name={item.status === "failed" ? "error" : item.status === "running" ? "play" : "check"}
                  size={12}
                />{" "}
                {t(`runs.itemIs.${item.status}`)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {more === null ? null : <More query={more} />}
    </>
  );
}
