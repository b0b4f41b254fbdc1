import type { ApiKey } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Empty,
  Loading,
  More,
  Page,
  Problem,
  Switch,
  Table,
  Time,
  useConfirm,
  useToast,
} from "../ui";
import { KeyForm } from "./KeyForm";
import { KeyLimits } from "./KeyLimits";
import { useLinked } from "./lists";
import { useMe } from "./me";
import { SecretOnce } from "./SecretOnce";

const TONES = { active: "good", expired: "neutral", revoked: "bad" } as const;

export function Keys() {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [making, setMaking] = useState(false);
  const [all, setAll] = useState(false);
  const [token, setToken] = useState<string | null>(null);
  const { query, rows } = useLinked<ApiKey>(["api-keys", all], (startingAfter, signal) =>
    api.v1.getApiKeys(
      { startingAfter, limit: 50, sort: "-created", ...(all ? {} : { sub: me.id }) },
      { signal },
    ),
  );
  const revoke = useMutation({
    mutationFn: (id: string) => api.v1.deleteApiKeyById(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["api-keys"] }),
    onError: toast.fail,
  });
  const ask = async (key: ApiKey) => {
    const question = {
      title: t("settings.keyRevoke"),
      text: t("settings.keyRevokeText"),
      action: t("settings.revoke"),
    };
    if (await confirm({ ...question, danger: true })) revoke.mutate(key.id);
  };
  return (
    <Page
      title={t("settings.keys")}
      about={<p>{t("settings.keysText")}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
          {t("settings.keyNew")}
        </Button>
      }
    >
      {me.isAdmin ? <Switch label={t("settings.keysAll")} checked={all} onChange={setAll} /> : null}
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.keysNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.keys")}
          rows={rows}
          keyOf={(key) => key.id}
          columns={[
            {
              id: "name",
              label: t("settings.description"),
              wide: true,
              cell: (key) => <bdi>{key.description}</bdi>,
            },
            {
              id: "state",
              label: t("settings.state"),
              cell: (key) => <Badge tone={TONES[key.status]}>{t(`settings.key.${key.status}`)}</Badge>,
            },
            {
              id: "scopes",
              label: t("settings.scopes"),
              cell: (key) => <span className="settings-muted">{key.scopes.join(", ")}</span>,
            },
            { id: "created", label: t("settings.created"), cell: (key) => <Time at={key.created} /> },
            {
              id: "expiry",
              label: t("settings.expires"),
              cell: (key) => (key.expiry.startsWith("9999") ? t("settings.never") : <Time at={key.expiry} />),
            },
            {
              id: "do",
              label: t("settings.revoke"),
              quiet: true,
              cell: (key) =>
                key.status === "revoked" ? null : (
                  <Button
                    look="danger"
                    aria-label={t("settings.revokeOne", key.description)}
                    onClick={() => void ask(key)}
                  >
                    {t("settings.revoke")}
                  </Button>
                ),
            },
          ]}
        />
      )}
      <More query={query} />
      {me.isAdmin ? <KeyLimits /> : null}
      {making ? <KeyForm onClose={() => setMaking(false)} onMade={setToken} /> : null}
      {token === null ? null : (
        <SecretOnce
          title={t("settings.keyMade")}
          secrets={[{ label: t("settings.key"), value: token }]}
          onClose={() => setToken(null)}
        />
      )}
    </Page>
  );
}
