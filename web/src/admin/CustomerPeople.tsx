import type { AccountPerson, AccountSession } from "@client";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { faultAt, faultElsewhere } from "../settings/faults";
import { Badge, Button, Empty, Field, Loading, More, Problem, Table, TextInput, Time, useToast } from "../ui";
import { everything, useOemQuery } from "./data";
import { useCut } from "./Shown";

const TONES = { active: "good", expired: "neutral", revoked: "bad" } as const;

/** The people of the customer, and who of them came by sign-on. */
export function CustomerPeople({ account }: { readonly account: string }) {
  const { t } = useLocale();
  const api = useApi();
  const [adding, setAdding] = useState(false);
  const query = useInfiniteQuery({
    queryKey: ["oem", "account", account, "users"],
    initialPageParam: 1,
    queryFn: async ({ pageParam: page, signal }) =>
      (await api.oem()).listUsers(account, { page, per_page: 50 }, { signal }),
    getNextPageParam: ({ meta }) => (meta.current_page < meta.last_page ? meta.current_page + 1 : undefined),
  });
  const people = useMemo(() => query.data?.pages.flatMap(({ data }) => data) ?? [], [query.data]);
  return (
    <>
      <section className="settings-section">
        <div className="settings-head">
          <h2>{t("admin.people")}</h2>
          <Button icon="plus" onClick={() => setAdding(true)}>
            {t("admin.personPut")}
          </Button>
        </div>
        {query.isPending ? <Loading /> : null}
        {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.isSuccess && people.length === 0 ? <Empty title={t("admin.peopleNone")} /> : null}
        {people.length === 0 ? null : (
          <Table
            caption={t("admin.people")}
            rows={people}
            keyOf={(one) => one.guid}
            columns={[
              { id: "name", label: t("settings.name"), wide: true, cell: (one) => <bdi>{nameOf(one)}</bdi> },
              { id: "email", label: t("settings.email"), cell: (one) => <bdi>{one.email ?? ""}</bdi> },
              {
                id: "external",
                label: t("admin.externalId"),
                cell: (one) => <bdi className="settings-muted">{one.externalid}</bdi>,
              },
              { id: "roles", label: t("settings.roles"), cell: (one) => one.roles.join(", ") },
              {
                id: "state",
                label: t("settings.state"),
                cell: (one) => (
                  <Badge tone={one.status === "active" ? "good" : "neutral"}>{stateOf(one.status, t)}</Badge>
                ),
              },
              { id: "at", label: t("settings.created"), cell: (one) => <Time at={one.created_at} /> },
            ]}
          />
        )}
        <More query={query} />
      </section>
      <Sessions account={account} people={people} />
      {adding ? <PersonPut account={account} onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function nameOf(person: AccountPerson): string {
  return person.name || person.email || person.externalid;
}

function stateOf(status: string, t: ReturnType<typeof useLocale>["t"]): string {
  return status === "active" || status === "invited" || status === "disabled"
    ? t(`settings.user.${status}`)
    : status;
}

function Sessions({
  account,
  people,
}: {
  readonly account: string;
  readonly people: readonly AccountPerson[];
}) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queryClient = useQueryClient();
  const names = useMemo(() => new Map(people.map((one) => [one.guid, nameOf(one)])), [people]);
  const key = ["account", account, "sessions"];
  const query = useOemQuery<AccountSession[]>(key, async (oem, signal) => {
    const all = await everything((page, per_page) =>
      oem.listSessions(account, { page, per_page }, { signal }),
    );
    return all.reverse();
  });
  const end = useMutation({
    mutationFn: async (guid: string) => (await api.oem()).revokeSession(account, guid),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["oem", ...key] }),
    onError: toast.fail,
  });
  const { shown, more } = useCut(query.data ?? []);
  return (
    <section className="settings-section">
      <h2>{t("admin.sessions")}</h2>
      <p>{t("admin.sessionsText")}</p>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.length === 0 ? <Empty title={t("admin.sessionsNone")} /> : null}
      {shown.length === 0 ? null : (
        <Table
          caption={t("admin.sessions")}
          rows={shown}
          keyOf={(one) => one.guid}
          columns={[
            {
              id: "user",
              label: t("admin.userId"),
              cell: (one) => (
                <bdi className="settings-muted">{names.get(one.user_guid) ?? one.user_guid}</bdi>
              ),
            },
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
            { id: "at", label: t("settings.created"), cell: (one) => <Time at={one.created_at} /> },
            {
              id: "do",
              label: t("settings.revoke"),
              quiet: true,
              cell: (one) =>
                one.status === "active" ? (
                  <Button
                    look="danger"
                    aria-label={t("settings.revokeOne", one.guid)}
                    onClick={() => end.mutate(one.guid)}
                  >
                    {t("settings.revoke")}
                  </Button>
                ) : null,
            },
          ]}
        />
      )}
      {more}
    </section>
  );
}

function PersonPut({ account, onClose }: { readonly account: string; readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [externalid, setExternal] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const save = useMutation({
    mutationFn: async () => (await api.oem()).putUser(account, { externalid, name, email }),
    onSuccess: () => {
      toast.say(t("admin.personKept"));
      void queryClient.invalidateQueries({ queryKey: ["oem", "account", account, "users"] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("admin.personPut")}
      action={t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["externalid", "name", "email"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field
        label={t("admin.externalId")}
        hint={t("admin.personHint")}
        required
        error={faultAt(save.error, "externalid")}
      >
        {(wired) => <TextInput {...wired} value={externalid} onChange={setExternal} />}
      </Field>
      <Field label={t("settings.name")} error={faultAt(save.error, "name")}>
        {(wired) => <TextInput {...wired} value={name} onChange={setName} />}
      </Field>
      <Field label={t("settings.email")} error={faultAt(save.error, "email")}>
        {(wired) => <TextInput {...wired} type="email" value={email} onChange={setEmail} />}
      </Field>
    </FormDialog>
  );
}
