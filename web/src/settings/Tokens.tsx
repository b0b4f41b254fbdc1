import type { EmbedSession, OAuthToken } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Empty, Loading, More, Page, Problem, Table, Time, useConfirm, useToast } from "../ui";
import { useLinked } from "./lists";

const TONES = { active: "good", expired: "neutral", revoked: "bad" } as const;

/** What other programs and pages were let in with, in the name of whoever looks. */
export function Tokens() {
  const { t } = useLocale();
  return (
    <Page title={t("settings.tokens")} about={<p>{t("settings.tokensText")}</p>}>
      <OAuthTokens />
      <Embedded />
    </Page>
  );
}

function OAuthTokens() {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const { query, rows } = useLinked<OAuthToken>(["oauth-tokens"], (page, signal) =>
    api.v1.getOAuthTokens({ page, limit: 50 }, { signal }),
  );
  const end = useMutation({
    mutationFn: (id: string) => api.v1.deleteOAuthToken(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["oauth-tokens"] }),
    onError: toast.fail,
  });
  const ask = async ({ id, description }: OAuthToken) => {
    const action = t("settings.revoke");
    if (await confirm({ title: action, text: t("settings.tokenEndText", description), action, danger: true }))
      end.mutate(id);
  };
  return (
    <section className="settings-section">
      <h2>{t("settings.tokensOAuth")}</h2>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.tokensNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.tokensOAuth")}
          rows={rows}
          keyOf={(token) => token.id}
          columns={[
            {
              id: "what",
              label: t("settings.description"),
              wide: true,
              cell: (token) => <bdi>{token.description}</bdi>,
            },
            { id: "used", label: t("settings.lastUsed"), cell: (token) => <Time at={token.lastUsed} /> },
            {
              id: "do",
              label: t("settings.revoke"),
              quiet: true,
              cell: (token) => (
                <Button
                  look="danger"
                  aria-label={t("settings.revokeOne", token.description)}
                  onClick={() => void ask(token)}
                >
                  {t("settings.revoke")}
                </Button>
              ),
            },
          ]}
        />
      )}
      <More query={query} />
    </section>
  );
}

function Embedded() {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queryClient = useQueryClient();
  const { query, rows } = useLinked<EmbedSession>(["embed-sessions"], (cursor, signal) =>
    api.v1.getEmbedSessions({ cursor, limit: 50 }, { signal }),
  );
  const end = useMutation({
    mutationFn: (id: string) => api.v1.deleteEmbedSession(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["embed-sessions"] }),
    onError: toast.fail,
  });
  return (
    <section className="settings-section">
      <h2>{t("settings.embedded")}</h2>
      <p>{t("settings.embeddedText")}</p>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.embeddedNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.embedded")}
          rows={rows}
          keyOf={(one) => one.id}
          columns={[
            {
              id: "origin",
              label: t("settings.origin"),
              wide: true,
              cell: (one) => <bdi>{one.origin ?? t("settings.window")}</bdi>,
            },
            { id: "how", label: t("settings.how"), cell: (one) => one.how },
            {
              id: "state",
              label: t("settings.state"),
              cell: (one) => <Badge tone={TONES[one.status]}>{t(`settings.key.${one.status}`)}</Badge>,
            },
            { id: "at", label: t("settings.created"), cell: (one) => <Time at={one.createdAt} /> },
            {
              id: "do",
              label: t("settings.revoke"),
              quiet: true,
              cell: (one) =>
                one.status === "active" ? (
                  <Button
                    look="danger"
                    aria-label={t("settings.revokeOne", one.origin ?? one.id)}
                    onClick={() => end.mutate(one.id)}
                  >
                    {t("settings.revoke")}
                  </Button>
                ) : null,
            },
          ]}
        />
      )}
      <More query={query} />
    </section>
  );
}
