import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocale } from "../i18n";
import { Button, Dialog, Field, Problem, SecretInput } from "../ui";
import { faultAt, faultElsewhere } from "./faults";
import { useStudio } from "./studio";

/** Another password ends all other sign-ins, and begins this one anew. */
export function PasswordForm() {
  const { t } = useLocale();
  const studio = useStudio();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [tried, setTried] = useState(false);
  const differs = tried && password !== repeated;
  const change = useMutation({ mutationFn: () => studio.changePassword(current, password) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (password === repeated && !change.isPending) change.mutate();
  };
  const other = faultElsewhere(change.error, ["current", "password"]);
  const again = () => location.reload();
  return (
    <section className="settings-section">
      <h2>{t("settings.password")}</h2>
      <p>{t("settings.passwordText")}</p>
      <form className="settings-form" onSubmit={submit}>
        {other ? <Problem error={other} /> : null}
        <Field label={t("settings.passwordNow")} required error={faultAt(change.error, "current")}>
          {(wired) => (
            <SecretInput {...wired} autoComplete="current-password" value={current} onChange={setCurrent} />
          )}
        </Field>
        <Field
          label={t("settings.passwordNew")}
          hint={t("session.passwordHint")}
          required
          error={faultAt(change.error, "password")}
        >
          {(wired) => (
            <SecretInput {...wired} autoComplete="new-password" value={password} onChange={setPassword} />
          )}
        </Field>
        <Field label={t("session.repeat")} required error={differs ? t("session.differs") : undefined}>
          {(wired) => (
            <SecretInput {...wired} autoComplete="new-password" value={repeated} onChange={setRepeated} />
          )}
        </Field>
        <div>
          <Button type="submit" busy={change.isPending}>
            {t("settings.passwordChange")}
          </Button>
        </div>
      </form>
      {change.isSuccess ? (
        <Dialog
          title={t("settings.passwordChanged")}
          onClose={again}
          actions={
            <Button look="primary" onClick={again}>
              {t("settings.goOn")}
            </Button>
          }
        >
          <p>{t("settings.passwordChangedText")}</p>
        </Dialog>
      ) : null}
    </section>
  );
}
