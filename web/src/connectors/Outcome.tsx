import type { CalledBlock } from "@client";
import { useState } from "react";
import { Exchanges } from "../data/Exchanges";
import { Records } from "../data/Records";
import { useLocale } from "../i18n";
import { Badge, Button, JsonView, Table, Tabs } from "../ui";
import type { Slice } from "./slices";

type Props = {
  readonly called: CalledBlock;
  readonly slice: Slice;
  readonly busy: boolean;
  readonly iterable: boolean;
  readonly onBack: (() => void) | undefined;
  readonly onOn: (() => void) | undefined;
};

/** What came of a call. */
export function Outcome({ called, slice, busy, iterable, onBack, onOn }: Props) {
  const { t, duration } = useLocale();
  const [tab, setTab] = useState("records");
  const from = slice.offset + 1;
  const to = slice.offset + called.records.length;
  return (
    <section className="card" aria-label={t("connectors.outcome")}>
      <div className="connectors-head">
        <p role="status">
          <Badge tone={called.ok ? "good" : "bad"}>
            {t(called.ok ? "connectors.worked" : "connectors.didNot")}
          </Badge>{" "}
          {called.status === null ? "" : t("connectors.status", called.status)}{" "}
          {duration(called.milliseconds)}
          {iterable && called.records.length > 0
            ? ` · ${t("connectors.slice", from, to, called.pageRecords)}`
            : ""}
          {called.total === null ? "" : ` · ${t("connectors.inAll", called.total)}`}
        </p>
        {iterable ? (
          <span className="row">
            <Button
              icon="back"
              disabled={onBack === undefined}
              busy={busy && onBack !== undefined}
              onClick={onBack}
            >
              {t("connectors.back")}
            </Button>
            <Button disabled={onOn === undefined} busy={busy && onOn !== undefined} onClick={onOn}>
              {t("connectors.on")}
            </Button>
          </span>
        ) : null}
      </div>
      {called.error === null ? null : (
        <div className="connectors-refused" role="alert">
          <strong>{called.error.title}</strong>
          <p>
            <bdi>{called.error.detail}</bdi>
          </p>
        </div>
      )}
      {called.warning === null ? null : <p className="connectors-warn">{called.warning}</p>}
      {called.cut ? <p className="connectors-warn">{t("connectors.cutRecords")}</p> : null}
      <Tabs
        label={t("connectors.outcome")}
        value={tab}
        onChange={setTab}
        tabs={[
          {
            id: "records",
            label: t("data.records"),
            content: <Records records={called.records} />,
          },
          {
            id: "raw",
            label: "JSON",
            content: <JsonView value={iterable ? called.records : (called.records[0] ?? null)} open={2} />,
          },
          {
            id: "exchanges",
            label: t("connectors.exchanges", called.exchanges.length),
            content: <Exchanges exchanges={called.exchanges} />,
          },
          { id: "types", label: t("connectors.types"), content: <Types called={called} /> },
        ]}
      />
    </section>
  );
}

/** What the records look like, as far as this page tells. */
function Types({ called }: { readonly called: CalledBlock }) {
  const { t } = useLocale();
  if (called.types.length === 0) return <p>{t("data.noRecords")}</p>;
  return (
    <>
      <Table
        caption={t("connectors.types")}
        rows={called.types}
        keyOf={(row) => row.path}
        columns={[
          {
            id: "path",
            label: t("connectors.path"),
            wide: true,
            cell: (row) => <code>{row.path || "$"}</code>,
          },
          { id: "types", label: t("connectors.type"), cell: (row) => row.types.join(", ") },
          { id: "format", label: t("connectors.valueFormat"), cell: (row) => row.format ?? "–" },
        ]}
      />
      <h3>{t("connectors.schema")}</h3>
      <JsonView value={called.schema} open={1} />
    </>
  );
}
