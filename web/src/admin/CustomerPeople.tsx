import type { AccountSession } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { faultAt, faultElsewhere } from "../settings/faults";
import { Badge, Button, Empty, Field, Loading, Problem, Table, TextInput, Time, useToast } from "../ui";
import { everything, useOemQuery } from "./data";
import { useCut } from "./Shown";

const TONES = { active: "good", expired: "neutral", revoked: "bad" } as const;

/** Who of the customer came by sign-on, and people that the partner makes known. */
export function CustomerPeople({ account }: { readonly account: string }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [adding, setAdding] = useState(false);
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
      <div className="settings-head">
        <h2>{t("admin.sessions")}</h2>
        <Button icon="plus" onClick={() => setAdding(true)}>
          {t("admin.personPut")}
        </Button>
      </div>
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
              cell: (one) => <span className="settings-muted">{one.user_guid}</span>,
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
      {adding ? <PersonPut account={account} onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

function PersonPut({ account, onClose }: { readonly account: string; readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const [externalid, setExternal] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const save = useMutation({
    mutationFn: async () => (await api.oem()).putUser(account, { externalid, name, email }),
    onSuccess: () => {
      toast.say(t("admin.personKept"));
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
