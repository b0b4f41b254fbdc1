import type { FailureNotice } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Button,
  Checkbox,
  Field,
  FieldGroup,
  Loading,
  Page,
  Problem,
  Select,
  TextArea,
  TextInput,
  useConfirm,
  useToast,
} from "../ui";
import { faultAt, faultElsewhere } from "./faults";
import { useMe } from "./me";
import { SecretOnce } from "./SecretOnce";
import { lines } from "./texts";

const ENDS = ["failed", "exceeded limit", "stopped", "warnings", "recovered"] as const;
const PAUSES = [0, 300, 900, 3600, 21_600, 86_400] as const;
const KEY = ["failure-notice"];

/** Who is told when a run ends badly. */
export function Notice() {
  const { t } = useLocale();
  const api = useApi();
  const notice = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.workflows.getTenantFailureNotice({ signal }),
  });
  return (
    <Page title={t("settings.notice")} about={<p>{t("settings.noticeText")}</p>}>
      {notice.isPending ? <Loading /> : null}
      {notice.isError ? <Problem error={notice.error} onRetry={() => void notice.refetch()} /> : null}
      {notice.isSuccess ? <NoticeForm notice={notice.data} /> : null}
    </Page>
  );
}

function NoticeForm({ notice }: { readonly notice: FailureNotice }) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [on, setOn] = useState<FailureNotice["on"]>(notice.on);
  const [mail, setMail] = useState(notice.mail.join("\n"));
  const [url, setUrl] = useState(notice.webhook?.url ?? "");
  const [pause, setPause] = useState(String(notice.everySeconds));
  const [newSecret, setNewSecret] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: () =>
      api.workflows.putTenantFailureNotice({
        on,
        mail: lines(mail),
        everySeconds: Number(pause),
        webhook: url.trim() === "" ? null : { url: url.trim(), newSecret },
      }),
    onSuccess: (kept) => {
      const { secret: made, ...webhook } = kept.webhook ?? { url: "" };
      queryClient.setQueryData(KEY, { ...kept, webhook: kept.webhook ? webhook : null });
      setNewSecret(false);
      toast.say(t("settings.saved"));
      if (made) setSecret(made);
    },
  });
  const remove = useMutation({
    mutationFn: () => api.workflows.deleteTenantFailureNotice(),
    onSuccess: () => {
      setOn([]);
      setMail("");
      setUrl("");
      toast.say(t("settings.noticeRemoved"));
      void queryClient.invalidateQueries({ queryKey: KEY });
    },
    onError: toast.fail,
  });
  const ask = async () => {
    const action = t("settings.noticeRemove");
    if (await confirm({ title: action, text: t("settings.noticeRemoveText"), action, danger: true }))
      remove.mutate();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  const other = faultElsewhere(save.error, ["on", "mail", "webhook", "everySeconds"]);
  const lengths = [...new Set([...PAUSES.map(String), pause])];
  const inWords = (text: string) => {
    const value = Number(text);
    if (value === 0) return t("settings.noticeEach");
    return value % 3600 === 0
      ? t("settings.hours", value / 3600)
      : t("settings.minutes", Math.round(value / 60));
  };
  return (
    <form className="settings-form" onSubmit={submit}>
      {other ? <Problem error={other} /> : null}
      {me.isAdmin ? null : <p>{t("settings.adminOnly")}</p>}
      <FieldGroup legend={t("settings.noticeOn")} hint={faultAt(save.error, "on")}>
        {ENDS.map((end) => (
          <Checkbox
            key={end}
            label={t(`settings.end.${end}`)}
            checked={on.includes(end)}
            disabled={!me.isAdmin}
            onChange={(yes) => setOn(yes ? [...on, end] : on.filter((one) => one !== end))}
          />
        ))}
      </FieldGroup>
      <Field
        label={t("settings.noticeMail")}
        hint={t("settings.oneALine")}
        error={faultAt(save.error, "mail")}
      >
        {(wired) => <TextArea {...wired} rows={3} value={mail} onChange={setMail} readOnly={!me.isAdmin} />}
      </Field>
      <Field
        label={t("settings.noticeUrl")}
        hint={t("settings.noticeUrlHint")}
        error={faultAt(save.error, "webhook")}
      >
        {(wired) => <TextInput {...wired} type="url" value={url} onChange={setUrl} readOnly={!me.isAdmin} />}
      </Field>
      {notice.webhook && me.isAdmin ? (
        <Checkbox label={t("settings.noticeSecret")} checked={newSecret} onChange={setNewSecret} />
      ) : null}
      <Field
        label={t("settings.noticePause")}
        hint={t("settings.noticePauseHint")}
        error={faultAt(save.error, "everySeconds")}
      >
        {(wired) => (
          <Select
            {...wired}
            value={pause}
            onChange={setPause}
            disabled={!me.isAdmin}
            options={lengths.map((value) => ({ value, label: inWords(value) }))}
          />
        )}
      </Field>
      {me.isAdmin ? (
        <div className="settings-row">
          <Button type="submit" look="primary" busy={save.isPending}>
            {t("action.save")}
          </Button>
          <Button look="danger" busy={remove.isPending} onClick={() => void ask()}>
            {t("settings.noticeRemove")}
          </Button>
        </div>
      ) : null}
      {secret === null ? null : (
        <SecretOnce
          title={t("settings.hookSecret")}
          text={t("settings.hookSecretOnce")}
          secrets={[{ label: t("settings.hookSecret"), value: secret }]}
          onClose={() => setSecret(null)}
        />
      )}
    </form>
  );
}
