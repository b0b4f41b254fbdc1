import type { User } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useApi } from "../api";
import { type Language, languages, useLocale } from "../i18n";
import { choose, kept, type Theme } from "../theme/theme";
import { Button, Field, Loading, Page, Problem, Select, TextInput, useToast } from "../ui";
import { faultAt, faultElsewhere } from "./faults";
import { useMe } from "./me";
import { PasswordForm } from "./PasswordForm";

export function Profile() {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const user = useQuery({
    queryKey: ["users", "one", me.id],
    queryFn: ({ signal }) => api.v1.getUserById(me.id, {}, { signal }),
  });
  return (
    <Page title={t("settings.profile")} about={<p>{t("settings.profileText")}</p>}>
      {user.isPending ? <Loading /> : null}
      {user.isError ? <Problem error={user.error} onRetry={() => void user.refetch()} /> : null}
      {user.isSuccess ? <Person user={user.data} key={user.data.lastUpdatedAt ?? ""} /> : null}
      <Looks />
      <PasswordForm />
    </Page>
  );
}

function Person({ user }: { readonly user: User }) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [name, setName] = useState(user.name);
  const [email, setEmail] = useState(user.email ?? "");
  const save = useMutation({
    mutationFn: () =>
      api.v1.updateUserById(user.id, [
        { op: "replace", path: "/name", value: name },
        ...(email === (user.email ?? "") ? [] : [{ op: "replace", path: "/email", value: email } as const]),
      ]),
    onSuccess: () => {
      toast.say(t("settings.saved"));
      void queryClient.invalidateQueries({ queryKey: ["users"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const other = faultElsewhere(save.error, ["name", "email"]);
  return (
    <section className="settings-section">
      <h2>{t("settings.person")}</h2>
      {me.isAdmin ? null : <p>{t("settings.profileFixed")}</p>}
      <form className="settings-form" onSubmit={submit}>
        {other ? <Problem error={other} /> : null}
        <Field label={t("settings.name")} error={faultAt(save.error, "name")}>
          {(wired) => (
            <TextInput
              {...wired}
              value={name}
              onChange={setName}
              readOnly={!me.isAdmin}
              autoComplete="name"
            />
          )}
        </Field>
        <Field label={t("settings.email")} error={faultAt(save.error, "email")}>
          {(wired) => (
            <TextInput
              {...wired}
              type="email"
              value={email}
              onChange={setEmail}
              readOnly={!me.isAdmin}
              autoComplete="email"
            />
          )}
        </Field>
        {me.isAdmin ? (
          <div>
            <Button type="submit" look="primary" busy={save.isPending}>
              {t("action.save")}
            </Button>
          </div>
        ) : null}
      </form>
    </section>
  );
}

/** At once, in this browser; the language also for programs that ask for the person's. */
function Looks() {
  const { t, language, speak } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const [theme, setTheme] = useState<Theme>(kept);
  const prefer = useMutation({
    mutationFn: (value: string) =>
      api.v1.updateUserById(me.id, [{ op: "replace", path: "/preferredLocale", value }]),
    onError: toast.fail,
  });
  return (
    <section className="settings-section">
      <h2>{t("settings.looks")}</h2>
      <div className="settings-form">
        <Field label={t("language.label")}>
          {(wired) => (
            <Select
              {...wired}
              value={language}
              options={Object.entries(languages).map(([value, label]) => ({ value, label }))}
              onChange={(value) => {
                speak(value as Language);
                prefer.mutate(value);
              }}
            />
          )}
        </Field>
        <Field label={t("theme.label")} hint={t("settings.looksHere")}>
          {(wired) => (
            <Select
              {...wired}
              value={theme}
              options={(["system", "light", "dark"] as const).map((value) => ({
                value,
                label: t(`theme.${value}`),
              }))}
              onChange={(value) => {
                setTheme(value as Theme);
                choose(value as Theme);
              }}
            />
          )}
        </Field>
      </div>
    </section>
  );
}
