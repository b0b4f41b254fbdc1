import type { CspEntry, WebIntegration } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, CopyButton, Empty, Loading, More, Page, Problem, Table, useConfirm, useToast } from "../ui";
import { CspForm, DIRECTIVES } from "./CspForm";
import { useLinked } from "./lists";
import { useMe } from "./me";
import { WebIntegrationForm } from "./WebIntegrationForm";

/** Which pages of others may call the API, and what the account's own pages may load. */
export function Origins() {
  const { t } = useLocale();
  return (
    <Page title={t("settings.origins")} about={<p>{t("settings.originsText")}</p>}>
      <WebIntegrations />
      <CspOrigins />
    </Page>
  );
}

function WebIntegrations() {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [form, setForm] = useState<WebIntegration | "new" | null>(null);
  const { query, rows } = useLinked<WebIntegration>(["web-integrations"], (startingAfter, signal) =>
    api.v1.getWebIntegrations({ startingAfter, limit: 50, sort: "name" }, { signal }),
  );
  const remove = useMutation({
    mutationFn: (id: string) => api.v1.deleteWebIntegrationById(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["web-integrations"] }),
    onError: toast.fail,
  });
  const ask = async ({ id, name }: WebIntegration) => {
    const question = {
      title: t("settings.webDelete"),
      text: t("settings.webDeleteText", name),
      action: t("action.delete"),
    };
    if (await confirm({ ...question, danger: true })) remove.mutate(id);
  };
  return (
    <section className="settings-section">
      <div className="settings-head">
        <h2>{t("settings.web")}</h2>
        {me.isAdmin ? (
          <Button icon="plus" onClick={() => setForm("new")}>
            {t("settings.webNew")}
          </Button>
        ) : null}
      </div>
      <p>{t("settings.webText")}</p>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.webNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.web")}
          rows={rows}
          keyOf={(one) => one.id}
          columns={[
            { id: "name", label: t("settings.name"), cell: (one) => <bdi>{one.name}</bdi> },
            {
              id: "origins",
              label: t("settings.originList"),
              wide: true,
              cell: (one) => one.validOrigins.join(", "),
            },
            {
              id: "id",
              label: t("settings.id"),
              cell: (one) => <CopyButton look="bare" text={one.id} label={t("settings.copyId")} />,
            },
            ...(me.isAdmin
              ? [
                  {
                    id: "do",
                    label: t("action.more"),
                    quiet: true,
                    cell: (one: WebIntegration) => (
                      <Both name={one.name} onEdit={() => setForm(one)} onDelete={() => void ask(one)} />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <More query={query} />
      {form === null ? null : (
        <WebIntegrationForm
          {...(form === "new" ? {} : { integration: form })}
          onClose={() => setForm(null)}
        />
      )}
    </section>
  );
}

function CspOrigins() {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [form, setForm] = useState<CspEntry | "new" | null>(null);
  const { query, rows } = useLinked<CspEntry>(["csp-origins", "list"], (next, signal) =>
    api.v1.listCSPEntries({ next, limit: 50, sort: "origin" }, { signal }),
  );
  const header = useQuery({
    queryKey: ["csp-origins", "header"],
    queryFn: ({ signal }) => api.v1.getCSPHeader({ signal }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.v1.deleteCSPEntry(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["csp-origins"] }),
    onError: toast.fail,
  });
  const ask = async ({ id, origin }: CspEntry) => {
    const question = {
      title: t("settings.cspDelete"),
      text: t("settings.cspDeleteText", origin),
      action: t("action.delete"),
    };
    if (await confirm({ ...question, danger: true })) remove.mutate(id);
  };
  const policy = header.data?.["Content-Security-Policy"];
  return (
    <section className="settings-section">
      <div className="settings-head">
        <h2>{t("settings.csp")}</h2>
        {me.isAdmin ? (
          <Button icon="plus" onClick={() => setForm("new")}>
            {t("settings.cspNew")}
          </Button>
        ) : null}
      </div>
      <p>{t("settings.cspText")}</p>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.cspNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.csp")}
          rows={rows}
          keyOf={(one) => one.id}
          columns={[
            { id: "origin", label: t("settings.origin"), cell: (one) => <bdi>{one.origin}</bdi> },
            { id: "name", label: t("settings.name"), cell: (one) => <bdi>{one.name ?? ""}</bdi> },
            {
              id: "may",
              label: t("settings.directives"),
              wide: true,
              cell: (one) => DIRECTIVES.filter((name) => one[name] === true).join(", "),
            },
            ...(me.isAdmin
              ? [
                  {
                    id: "do",
                    label: t("action.more"),
                    quiet: true,
                    cell: (one: CspEntry) => (
                      <Both name={one.origin} onEdit={() => setForm(one)} onDelete={() => void ask(one)} />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <More query={query} />
      {policy ? (
        <>
          <h3>{t("settings.cspHeader")}</h3>
          <div className="settings-secret">
            <code className="settings-code">{policy}</code>
            <CopyButton text={policy} />
          </div>
        </>
      ) : null}
      {form === null ? null : (
        <CspForm {...(form === "new" ? {} : { entry: form })} onClose={() => setForm(null)} />
      )}
    </section>
  );
}

function Both({ name, onEdit, onDelete }: { name: string; onEdit: () => void; onDelete: () => void }) {
  const { t } = useLocale();
  return (
    <div className="settings-row">
      <Button aria-label={t("settings.editOne", name)} onClick={onEdit}>
        {t("action.edit")}
      </Button>
      <Button look="danger" aria-label={t("settings.deleteOne", name)} onClick={onDelete}>
        {t("action.delete")}
      </Button>
    </div>
  );
}
