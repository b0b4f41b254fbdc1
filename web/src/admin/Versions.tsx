import { useLocale } from "../i18n";
import { Badge, Loading, Problem, Table, Time } from "../ui";
import { useOemQuery } from "./data";
import { Cut, useCut } from "./Shown";

/** All versions of a template, the newest first. They never change. */
export function Versions({ template }: { readonly template: string }) {
  const { t, number } = useLocale();
  const query = useOemQuery(["template", template, "versions"], (oem, signal) =>
    oem.listTemplateVersions(template, { signal }),
  );
  const { shown, more } = useCut(query.data ?? []);
  if (query.isPending) return <Loading />;
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <section className="settings-section">
      <h2>{t("admin.versions")}</h2>
      <Table
        caption={t("admin.versions")}
        rows={shown}
        keyOf={(one) => String(one.version)}
        columns={[
          { id: "version", label: t("admin.version"), cell: (one) => number(one.version) },
          {
            id: "state",
            label: t("settings.state"),
            cell: (one) => (
              <span className="settings-row">
                {one.live ? <Badge tone="good">{t("admin.live")}</Badge> : null}
                {one.canary ? <Badge tone="info">{t("admin.canary")}</Badge> : null}
              </span>
            ),
          },
          {
            id: "note",
            label: t("admin.note"),
            wide: true,
            cell: (one) => (one.note ? <Cut text={one.note} /> : "–"),
          },
          { id: "by", label: t("settings.auditActor"), cell: (one) => <bdi>{one.published_by}</bdi> },
          { id: "at", label: t("settings.created"), cell: (one) => <Time at={one.created_at} /> },
        ]}
      />
      {more}
    </section>
  );
}
