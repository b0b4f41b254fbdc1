import { useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, Empty, Loading, Page, Problem, Search, Table } from "../ui";
import { useFleet, useTemplates } from "./data";
import { grouped } from "./health";
import { PublishForm } from "./PublishForm";
import { useCut } from "./Shown";

export const STATUS_TONES = { live: "good", hidden: "neutral", "coming soon": "info" } as const;

export function Templates() {
  const { t, number } = useLocale();
  const templates = useTemplates();
  const fleet = useFleet();
  const [wanted, setWanted] = useState("");
  const [publishing, setPublishing] = useState(false);
  const counts = grouped(fleet.rows, (one) => one.template);
  const rows = (templates.data ?? []).filter(({ name }) =>
    name.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  const { shown, more } = useCut(rows);
  return (
    <Page
      title={t("admin.templates")}
      about={<p>{t("admin.templatesText")}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setPublishing(true)}>
          {t("admin.publish")}
        </Button>
      }
    >
      <Search label={t("admin.templateFind")} value={wanted} onChange={setWanted} />
      {templates.isPending ? <Loading /> : null}
      {templates.isError ? (
        <Problem error={templates.error} onRetry={() => void templates.refetch()} />
      ) : null}
      {templates.isSuccess && rows.length === 0 ? (
        <Empty title={templates.data.length === 0 ? t("admin.templatesNone") : t("state.noMatch")} />
      ) : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("admin.templates")}
          rows={shown}
          keyOf={(one) => one.guid}
          to={(one) => `/templates/${one.guid}`}
          columns={[
            { id: "name", label: t("settings.name"), wide: true, cell: (one) => <bdi>{one.name}</bdi> },
            {
              id: "state",
              label: t("settings.state"),
              cell: (one) => <Badge tone={STATUS_TONES[one.status]}>{t(`admin.status.${one.status}`)}</Badge>,
            },
            {
              id: "live",
              label: t("admin.liveVersion"),
              align: "end",
              cell: (one) => number(one.liveVersion),
            },
            {
              id: "newest",
              label: t("admin.newestVersion"),
              align: "end",
              cell: (one) => number(one.version),
            },
            {
              id: "used",
              label: t("admin.integrations"),
              align: "end",
              cell: (one) => number(counts.get(one.guid)?.length ?? 0),
            },
            {
              id: "bad",
              label: t("admin.health.failing"),
              align: "end",
              cell: (one) =>
                number((counts.get(one.guid) ?? []).filter(({ health }) => health === "failing").length),
            },
          ]}
        />
      )}
      {more}
      {publishing ? <PublishForm onClose={() => setPublishing(false)} /> : null}
    </Page>
  );
}
