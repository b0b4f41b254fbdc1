import { useState } from "react";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { ButtonLink, Empty, Loading, Logo, Page, Problem, Search, Table, Time } from "../ui";
import { links, useIntegrations } from "./data";
import { StatusBadge } from "./StatusBadge";
import { matching, statusOf } from "./status";
import "./templates.css";

/** Everything that the account has set up. */
export function Integrations() {
  const { t } = useLocale();
  const { hidden } = useSession();
  const [wanted, setWanted] = useState("");
  const integrations = useIntegrations();
  const browse = (
    <ButtonLink to={links.gallery} look="primary" icon="template">
      {t("templates.integrations.browse")}
    </ButtonLink>
  );
  const all = integrations.data ?? [];
  const rows = matching(all, wanted);
  return (
    <Page
      title={t("templates.integrations")}
      about={<p className="muted">{t("templates.integrations.about")}</p>}
      actions={all.length === 0 ? undefined : browse}
    >
      {integrations.error ? (
        <Problem error={integrations.error} onRetry={() => void integrations.refetch()} />
      ) : integrations.isPending ? (
        <Loading />
      ) : all.length === 0 ? (
        <Empty
          title={t("templates.integrations.none")}
          text={t("templates.integrations.noneText")}
          action={browse}
        />
      ) : (
        <>
          {hidden.has("search") || all.length < 5 ? null : (
            <div className="toolbar">
              <Search label={t("templates.integrations.search")} value={wanted} onChange={setWanted} />
            </div>
          )}
          {rows.length === 0 ? (
            <Empty title={t("state.noMatch")} />
          ) : (
            <Table
              caption={t("templates.integrations")}
              rows={rows}
              keyOf={(one) => one.id}
              to={(one) => links.integration(one.id)}
              columns={[
                {
                  id: "name",
                  label: t("templates.column.name"),
                  wide: true,
                  cell: (one) => (
                    <span className="templates-named">
                      <Logo name={one.templateName} src={one.icon} /> <bdi>{one.name}</bdi>
                    </span>
                  ),
                },
                {
                  id: "template",
                  label: t("templates.column.template"),
                  cell: (one) => <bdi>{one.templateName}</bdi>,
                },
                {
                  id: "status",
                  label: t("templates.column.status"),
                  cell: (one) => <StatusBadge status={statusOf(one)} />,
                },
                {
                  id: "run",
                  label: t("templates.column.lastRun"),
                  cell: (one) => <Time at={one.lastRunAt} />,
                },
              ]}
            />
          )}
        </>
      )}
    </Page>
  );
}
