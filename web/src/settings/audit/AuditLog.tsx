import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useLocale } from "../../i18n";
import {
  Button,
  Dialog,
  Empty,
  Field,
  JsonView,
  Loading,
  More,
  Page,
  Problem,
  Table,
  TextInput,
  Time,
  useDebounced,
} from "../../ui";

/** A record, whichever API it comes from. */
export type Recorded = {
  readonly id: string;
  readonly time: string;
  readonly action: string;
  readonly subject: string;
  readonly name: string;
  readonly actor: string;
  readonly detail: Record<string, unknown>;
  readonly traceId: string;
  readonly address: string;
};

export type AuditFilter = {
  readonly action: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
};

export type AuditSource = {
  readonly key: readonly unknown[];
  readonly list: (
    filter: AuditFilter,
    cursor: string | undefined,
    signal: AbortSignal,
  ) => Promise<{ readonly rows: readonly Recorded[]; readonly next: string | undefined }>;
};

const ALL: AuditFilter = { action: "", subject: "", from: "", to: "" };

type Props = {
  readonly source: AuditSource;
  readonly title: string;
  readonly text: string;
  readonly more?: ReactNode;
};

/** Who changed what: the latest first, narrowed by what was done, to what, and when. */
export function AuditLog({ source, title, text, more }: Props) {
  const { t } = useLocale();
  const [filter, setFilter] = useState(ALL);
  const [shown, setShown] = useState<Recorded | null>(null);
  const settled = useDebounced(filter);
  const query = useInfiniteQuery({
    queryKey: [...source.key, settled],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => source.list(settled, pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  const set = (part: Partial<AuditFilter>) => setFilter({ ...filter, ...part });
  return (
    <Page title={title} about={<p>{text}</p>}>
      <div className="settings-row">
        {more}
        <Field label={t("settings.auditAction")}>
          {(wired) => (
            <TextInput
              {...wired}
              placeholder="template."
              value={filter.action}
              onChange={(action) => set({ action })}
            />
          )}
        </Field>
        <Field label={t("settings.auditSubject")}>
          {(wired) => (
            <TextInput
              {...wired}
              placeholder="template:"
              value={filter.subject}
              onChange={(subject) => set({ subject })}
            />
          )}
        </Field>
        <Field label={t("settings.from")}>
          {(wired) => (
            <TextInput {...wired} type="date" value={filter.from} onChange={(from) => set({ from })} />
          )}
        </Field>
        <Field label={t("settings.until")}>
          {(wired) => <TextInput {...wired} type="date" value={filter.to} onChange={(to) => set({ to })} />}
        </Field>
      </div>
      <div aria-live="polite">
        {query.isPending ? <Loading /> : null}
        {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.isSuccess && rows.length === 0 ? <Empty title={t("state.noMatch")} /> : null}
      </div>
      {rows.length === 0 ? null : (
        <Table
          caption={title}
          rows={rows}
          keyOf={(one) => one.id}
          columns={[
            {
              id: "action",
              label: t("settings.auditAction"),
              cell: (one) => (
                <Button look="bare" onClick={() => setShown(one)}>
                  {one.action}
                </Button>
              ),
            },
            {
              id: "name",
              label: t("settings.auditSubject"),
              wide: true,
              cell: (one) => <bdi>{one.name || one.subject}</bdi>,
            },
            {
              id: "actor",
              label: t("settings.auditActor"),
              cell: (one) => <bdi>{shortened(one.actor)}</bdi>,
            },
            {
              id: "at",
              label: t("settings.when"),
              cell: (one) => (
                <span className="settings-nowrap">
                  <Time at={one.time} />
                </span>
              ),
            },
          ]}
        />
      )}
      <More query={query} />
      {shown === null ? null : <RecordDialog record={shown} onClose={() => setShown(null)} />}
    </Page>
  );
}

/** A long id by its end: the beginning is a time, which many share. The whole of it stands in the record. */
export function shortened(actor: string): string {
  return actor.replace(/[\w-]{24,}/g, (id) => `…${id.slice(-8)}`);
}

function RecordDialog({ record, onClose }: { readonly record: Recorded; readonly onClose: () => void }) {
  const { t, moment } = useLocale();
  const facts = [
    [t("settings.when"), moment(record.time)],
    [t("settings.name"), record.name],
    [t("settings.auditSubject"), record.subject],
    [t("settings.auditActor"), record.actor],
    [t("settings.auditAddress"), record.address],
    [t("settings.auditTrace"), record.traceId],
  ] as const;
  return (
    <Dialog wide title={record.action} onClose={onClose}>
      <dl className="settings-facts">
        {facts.map(([label, value]) => (
          <div key={label} className="settings-fact">
            <dt>{label}</dt>
            <dd>
              <bdi>{value || "–"}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <h3>{t("settings.auditDetail")}</h3>
      <JsonView value={record.detail} />
    </Dialog>
  );
}
