import type { SigningKey } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { faultAt, faultElsewhere } from "../settings/faults";
import { lines } from "../settings/texts";
import {
  Badge,
  Button,
  Empty,
  Field,
  Loading,
  Page,
  Problem,
  Table,
  TextArea,
  TextInput,
  Time,
  useConfirm,
  useToast,
} from "../ui";
import { BrandingEditor } from "./BrandingEditor";
import { useOemQuery } from "./data";
import { Snippet } from "./Snippet";

/** Which pages may show Tieline, whose word counts for who a person is, and how it looks there. */
export function Embedding() {
  const { t } = useLocale();
  return (
    <Page title={t("admin.embedding")} about={<p>{t("admin.embeddingText")}</p>}>
      <Origins />
      <Keys />
      <Snippet />
      <BrandingEditor />
    </Page>
  );
}

function Origins() {
  const settings = useOemQuery(["embed"], (oem, signal) => oem.getEmbedSettings({ signal }));
  if (settings.isPending) return <Loading />;
  if (settings.isError) return <Problem error={settings.error} onRetry={() => void settings.refetch()} />;
  return <OriginsForm key={settings.data.origins.join("\n")} origins={settings.data.origins} />;
}

function OriginsForm({ origins }: { readonly origins: readonly string[] }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [text, setText] = useState(origins.join("\n"));
  const save = useMutation({
    mutationFn: async () => (await api.oem()).putEmbedSettings({ origins: lines(text) }),
    onSuccess: (kept) => {
      queryClient.setQueryData(["oem", "embed"], kept);
      toast.say(t("settings.saved"));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  const other = faultElsewhere(save.error, ["origins"]);
  return (
    <section className="settings-section">
      <h2>{t("admin.origins")}</h2>
      <p>{t("admin.originsText")}</p>
      <form className="settings-form" onSubmit={submit}>
        {other ? <Problem error={other} /> : null}
        <Field
          label={t("admin.origins")}
          hint={t("settings.originHint")}
          error={faultAt(save.error, "origins")}
        >
          {(wired) => <TextArea {...wired} value={text} onChange={setText} spellCheck={false} />}
        </Field>
        <div>
          <Button type="submit" busy={save.isPending}>
            {t("admin.originsSave")}
          </Button>
        </div>
      </form>
    </section>
  );
}

function Keys() {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [adding, setAdding] = useState(false);
  const keys = useOemQuery(["keys"], (oem, signal) => oem.listKeys({ signal }));
  const revoke = useMutation({
    mutationFn: async (id: string) => (await api.oem()).revokeKey(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["oem", "keys"] }),
    onError: toast.fail,
  });
  const ask = async ({ id, kid }: SigningKey) => {
    const action = t("settings.revoke");
    if (await confirm({ title: action, text: t("admin.keyRevokeText", kid), action, danger: true }))
      revoke.mutate(id);
  };
  return (
    <section className="settings-section">
      <div className="settings-head">
        <h2>{t("admin.keys")}</h2>
        <Button icon="plus" onClick={() => setAdding(true)}>
          {t("admin.keyAdd")}
        </Button>
      </div>
      <p>{t("admin.keysText")}</p>
      {keys.isPending ? <Loading /> : null}
      {keys.isError ? <Problem error={keys.error} onRetry={() => void keys.refetch()} /> : null}
      {keys.data?.length === 0 ? <Empty title={t("admin.keysNone")} /> : null}
      {keys.data === undefined || keys.data.length === 0 ? null : (
        <Table
          caption={t("admin.keys")}
          rows={keys.data}
          keyOf={(key) => key.id}
          columns={[
            { id: "kid", label: t("admin.kid"), wide: true, cell: (key) => <bdi>{key.kid}</bdi> },
            { id: "kind", label: t("admin.algorithm"), cell: (key) => key.algorithm },
            {
              id: "state",
              label: t("settings.state"),
              cell: (key) =>
                key.revoked_at === null ? (
                  <Badge tone="good">{t("settings.key.active")}</Badge>
                ) : (
                  <Badge tone="bad">{t("settings.key.revoked")}</Badge>
                ),
            },
            { id: "at", label: t("settings.created"), cell: (key) => <Time at={key.created_at} /> },
            {
              id: "do",
              label: t("settings.revoke"),
              quiet: true,
              cell: (key) =>
                key.revoked_at === null ? (
                  <Button
                    look="danger"
                    aria-label={t("settings.revokeOne", key.kid)}
                    onClick={() => void ask(key)}
                  >
                    {t("settings.revoke")}
                  </Button>
                ) : null,
            },
          ]}
        />
      )}
      {adding ? <KeyAdd onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

/** A JWK where the text is one, else PEM as it is. */
function publicKey(text: string): Record<string, unknown> | string {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null && !Array.isArray(found))
      return found as Record<string, unknown>;
  } catch {
    // PEM is no JSON.
  }
  return text.trim();
}

function KeyAdd({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [text, setText] = useState("");
  const [kid, setKid] = useState("");
  const secret = /"d"\s*:|PRIVATE KEY/.test(text);
  const add = useMutation({
    mutationFn: async () =>
      (await api.oem()).addKey({
        public_key: publicKey(text),
        ...(kid.trim() === "" ? {} : { kid: kid.trim() }),
      }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["oem", "keys"] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("admin.keyAdd")}
      action={t("action.add")}
      busy={add.isPending}
      disabled={secret}
      error={faultElsewhere(add.error, ["public_key", "kid"])}
      onSubmit={() => add.mutate()}
      onClose={onClose}
    >
      <Field
        label={t("admin.publicKey")}
        hint={t("admin.publicKeyHint")}
        required
        error={secret ? t("admin.privateKey") : faultAt(add.error, "public_key")}
      >
        {(wired) => <TextArea {...wired} rows={7} value={text} onChange={setText} spellCheck={false} />}
      </Field>
      <Field label={t("admin.kid")} hint={t("admin.kidHint")} error={faultAt(add.error, "kid")}>
        {(wired) => <TextInput {...wired} value={kid} onChange={setKid} spellCheck={false} />}
      </Field>
    </FormDialog>
  );
}
