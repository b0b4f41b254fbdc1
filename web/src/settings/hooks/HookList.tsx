import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocale } from "../../i18n";
import { Badge, Button, Empty, Loading, More, Page, Problem, Table } from "../../ui";
import { SecretOnce } from "../SecretOnce";
import { HookForm } from "./HookForm";
import type { Hook, HookSource } from "./source";

type Props = {
  readonly source: HookSource;
  readonly base: string;
  readonly title: string;
  readonly text: string;
};

export function HookState({ hook }: { readonly hook: Hook }) {
  const { t } = useLocale();
  if (hook.enabled) return <Badge tone="good">{t("settings.enabled")}</Badge>;
  return <Badge tone={hook.disabledReason ? "bad" : "neutral"}>{t("settings.disabled")}</Badge>;
}

export function HookList({ source, base, title, text }: Props) {
  const { t } = useLocale();
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const query = useInfiniteQuery({
    queryKey: [source.key, "list"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => source.list(pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  const add = (
    <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
      {t("settings.hookAdd")}
    </Button>
  );
  return (
    <Page title={title} actions={add} about={<p>{text}</p>}>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.hookNone")} text={text} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={title}
          rows={rows}
          keyOf={(hook) => hook.id}
          to={(hook) => `${base}/${hook.id}`}
          columns={[
            { id: "name", label: t("settings.name"), cell: (hook) => <bdi>{hook.name}</bdi> },
            { id: "url", label: t("settings.hookUrl"), wide: true, cell: (hook) => <bdi>{hook.url}</bdi> },
            {
              id: "kinds",
              label: t("settings.hookKinds"),
              cell: (hook) => t("settings.hookCount", hook.eventTypes.length),
            },
            { id: "state", label: t("settings.state"), cell: (hook) => <HookState hook={hook} /> },
          ]}
        />
      )}
      <More query={query} />
      {making ? <HookForm source={source} onClose={() => setMaking(false)} onSecret={setSecret} /> : null}
      {secret === null ? null : (
        <SecretOnce
          title={t("settings.hookSecret")}
          text={t("settings.hookSecretOnce")}
          secrets={[{ label: t("settings.hookSecret"), value: secret }]}
          onClose={() => setSecret(null)}
        />
      )}
    </Page>
  );
}
