import { useEffect, useState } from "react";
import { useLocale } from "../i18n";
import { Dialog, Problem, Search, Select, Spinner } from "../ui";
import { ItemList } from "./ItemList";
import { useItems } from "./useItems";

type Props = {
  readonly automationId: string;
  readonly runId: string;
  readonly blockId: string;
  readonly name: string;
  readonly around: string;
  readonly onClose: () => void;
  readonly onPick: (path: string) => void;
};

const SEARCHED = 20_000;

/** The items of a loop, to choose one from: all of them, or those that failed, found by a word of their label. */
export function ItemsDialog({ name, onClose, onPick, ...loop }: Props) {
  const { t, number } = useLocale();
  const [status, setStatus] = useState<"" | "failed">("");
  const [wanted, setWanted] = useState("");
  const query = useItems({ ...loop, status, limit: wanted === "" ? 100 : 200 });
  const items = query.data?.pages.flatMap((page) => page.data) ?? [];
  const word = wanted.trim().toLowerCase();
  const found = word === "" ? items : items.filter((item) => (item.label ?? "").toLowerCase().includes(word));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  // Labels lie in the run's data, page after page: a search reads on until it has enough to show.
  const searching = word !== "" && hasNextPage && found.length < 20 && items.length < SEARCHED;
  useEffect(() => {
    if (searching && !isFetchingNextPage) void fetchNextPage();
  }, [searching, isFetchingNextPage, fetchNextPage]);
  return (
    <Dialog title={t("runs.itemsOf", name)} onClose={onClose}>
      <div className="toolbar">
        <Search label={t("runs.itemSearch")} value={wanted} onChange={setWanted} />
        <Select
          aria-label={t("runs.itemState")}
          value={status}
          onChange={(value) => setStatus(value === "failed" ? "failed" : "")}
          options={[
            { value: "", label: t("runs.itemAll") },
            { value: "failed", label: t("runs.itemFailed") },
          ]}
        />
      </div>
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      <p className="muted" role="status">
        {searching || query.isPending ? <Spinner /> : null}{" "}
        {word === "" ? "" : t("runs.itemsFound", number(found.length), number(items.length))}
      </p>
      <ItemList
        items={found}
        pending={query.isPending}
        more={word === "" || !searching ? query : null}
        onPick={onPick}
      />
    </Dialog>
  );
}
