import type { OAuthClient } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  CopyButton,
  Empty,
  Loading,
  Menu,
  type MenuItem,
  More,
  Page,
  Problem,
  Table,
  Time,
  useConfirm,
  useToast,
} from "../ui";
import { ClientForm } from "./ClientForm";
import { useLinked } from "./lists";
import { SecretOnce } from "./SecretOnce";

export type Made = { readonly clientId: string; readonly clientSecret: string };

/** Programs that act by OAuth 2. */
export function Clients() {
  const { t } = useLocale();
  const api = useApi();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const { query, rows } = useLinked<OAuthClient>(["oauth-clients"], (next, signal) =>
    api.v1.readAllOAuthClients({ next, limit: 50, sort: "clientName" }, { signal }),
  );
  return (
    <Page
      title={t("settings.clients")}
      about={<p>{t("settings.clientsText")}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
          {t("settings.clientNew")}
        </Button>
      }
    >
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.clientsNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.clients")}
          rows={rows}
          keyOf={(client) => client.clientId}
          columns={[
            {
              id: "name",
              label: t("settings.name"),
              wide: true,
              cell: (client) => <bdi>{client.clientName}</bdi>,
            },
            {
              id: "kind",
              label: t("settings.kind"),
              cell: (client) => <Badge>{t(`settings.app.${client.appType}`)}</Badge>,
            },
            {
              id: "id",
              label: t("settings.clientId"),
              cell: (client) => (
                <CopyButton look="bare" text={client.clientId} label={t("settings.copyId")} />
              ),
            },
            {
              id: "secrets",
              label: t("settings.secrets"),
              cell: (client) => (client.clientSecrets ?? []).map(({ hint }) => `…${hint}`).join(", ") || "–",
            },
            { id: "at", label: t("settings.created"), cell: (client) => <Time at={client.createdAt} /> },
            {
              id: "do",
              label: t("action.more"),
              quiet: true,
              cell: (client) => <ClientMenu client={client} onMade={setMade} />,
            },
          ]}
        />
      )}
      <More query={query} />
      {making ? <ClientForm onClose={() => setMaking(false)} onMade={setMade} /> : null}
      {made === null ? null : (
        <SecretOnce
          title={t("settings.clientMade")}
          secrets={[
            { label: t("settings.clientId"), value: made.clientId },
            ...(made.clientSecret === ""
              ? []
              : [{ label: t("settings.clientSecret"), value: made.clientSecret }]),
          ]}
          {...(made.clientSecret === "" ? { text: t("settings.clientNoSecret") } : {})}
          onClose={() => setMade(null)}
        />
      )}
    </Page>
  );
}

function ClientMenu({
  client,
  onMade,
}: {
  readonly client: OAuthClient;
  readonly onMade: (made: Made) => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const fresh = () => queryClient.invalidateQueries({ queryKey: ["oauth-clients"] });
  const secret = useMutation({
    mutationFn: () => api.v1.createOAuthClientSecret(client.clientId),
    onSuccess: ({ clientId, clientSecret }) => {
      onMade({ clientId, clientSecret });
      void fresh();
    },
    onError: toast.fail,
  });
  const end = useMutation({
    mutationFn: (hint: string) => api.v1.deleteOAuthClientSecret(client.clientId, hint),
    onSuccess: fresh,
    onError: toast.fail,
  });
  const remove = useMutation({
    mutationFn: () => api.v1.deleteOAuthClient(client.clientId, { qlikConfirmDelete: client.clientId }),
    onSuccess: fresh,
    onError: toast.fail,
  });
  const asked = (action: string, text: string) => confirm({ title: action, text, action, danger: true });
  const name = client.clientName;
  const items: MenuItem[] = [
    ...(client.appType === "web"
      ? [{ label: t("settings.secretNew"), icon: "key", onSelect: () => secret.mutate() } as const]
      : []),
    ...(client.clientSecrets ?? []).map(({ hint }): MenuItem => {
      const label = t("settings.secretEnd", hint);
      const text = t("settings.secretEndText");
      return {
        label,
        icon: "close",
        danger: true,
        onSelect: () => void asked(label, text).then((yes) => yes && end.mutate(hint)),
      };
    }),
    {
      label: t("action.delete"),
      icon: "trash",
      danger: true,
      onSelect: () =>
        void asked(t("settings.clientDelete"), t("settings.clientDeleteText", name)).then(
          (yes) => yes && remove.mutate(),
        ),
    },
  ];
  return <Menu label={t("settings.moreOf", name)} items={items} />;
}
