import type { Oem, Results } from "@client";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Dialog, Table } from "../ui";
import { failed, inBulk, type Outcome, replaced } from "./bulk";
import { Cut, useCut } from "./Shown";

export type Target = { readonly account: string; readonly accountName: string };

type Props<T extends Target> = {
  readonly title: string;
  readonly action: string;
  readonly text?: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly items: readonly T[];
  readonly call: (oem: Oem, some: readonly T[], signal: AbortSignal) => Promise<Results>;
  readonly onClose: () => void;
  /** What has to be chosen before. */
  readonly children?: ReactNode;
};

/** The same for many customers: asked once, done some at a time, with what became of each, and the failed ones again. */
export function BulkDialog<T extends Target>(props: Props<T>) {
  const { title, action, text, danger = false, disabled = false, items, call, onClose, children } = props;
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [outcomes, setOutcomes] = useState<readonly Outcome<T>[]>([]);
  const [running, setRunning] = useState<number | null>(null);
  const [done, setDone] = useState(0);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const start = async (some: readonly T[], before: readonly Outcome<T>[]) => {
    const control = new AbortController();
    stop.current = control;
    setRunning(some.length);
    setDone(0);
    const merged = (fresh: readonly Outcome<T>[]) => (before.length === 0 ? fresh : replaced(before, fresh));
    const oem = await api.oem();
    await inBulk(
      some,
      (part, signal) => call(oem, part, signal),
      (fresh) => {
        setDone(fresh.length);
        setOutcomes(merged(fresh));
      },
      control.signal,
    );
    setRunning(null);
    void queryClient.invalidateQueries({ queryKey: ["oem"] });
  };
  const bad = failed(outcomes);
  const begun = outcomes.length > 0 || running !== null;
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{begun ? t("action.close") : t("action.cancel")}</Button>
          {running === null ? null : (
            <Button icon="stop" onClick={() => stop.current?.abort()}>
              {t("admin.stop")}
            </Button>
          )}
          {bad.length > 0 && running === null ? (
            <Button
              look="primary"
              icon="refresh"
              onClick={() =>
                void start(
                  bad.map(({ item }) => item),
                  outcomes,
                )
              }
            >
              {t("admin.retryFailed", bad.length)}
            </Button>
          ) : null}
          {begun ? null : (
            <Button
              look={danger ? "danger" : "primary"}
              disabled={disabled}
              onClick={() => void start(items, [])}
            >
              {action}
            </Button>
          )}
        </>
      }
    >
      {begun ? (
        <>
          <p role="status">
            {running === null
              ? t("admin.bulkDone", outcomes.length - bad.length, bad.length)
              : t("admin.bulkUnderWay", done, running)}
          </p>
          {running === null ? null : (
            <progress className="admin-progress" aria-label={title} value={done} max={running} />
          )}
          <Outcomes outcomes={outcomes} />
        </>
      ) : (
        <>
          {text}
          {children}
          <p>{t("admin.bulkFor", items.length)}</p>
        </>
      )}
    </Dialog>
  );
}

function Outcomes<T extends Target>({ outcomes }: { readonly outcomes: readonly Outcome<T>[] }) {
  const { t } = useLocale();
  const ordered = [
    ...failed(outcomes),
    ...outcomes.filter(({ result }) => result.status >= 200 && result.status < 400),
  ];
  const { shown, more } = useCut(ordered);
  if (outcomes.length === 0) return null;
  return (
    <>
      <Table
        caption={t("admin.results")}
        rows={shown}
        keyOf={({ item }) => `${item.account} ${outcomes.findIndex((one) => one.item === item)}`}
        columns={[
          { id: "customer", label: t("admin.customer"), cell: ({ item }) => <bdi>{item.accountName}</bdi> },
          {
            id: "state",
            label: t("settings.state"),
            cell: ({ result }) =>
              result.status >= 200 && result.status < 400 ? (
                <Badge tone="good">{t("admin.done")}</Badge>
              ) : (
                <Badge tone="bad">{t("admin.failed")}</Badge>
              ),
          },
          {
            id: "error",
            label: t("admin.reason"),
            wide: true,
            cell: ({ result }) => (result.error ? <Cut text={result.error} /> : "–"),
          },
        ]}
      />
      {more}
    </>
  );
}
