import type { ConnectionDetail } from "@client";
import { useEffect, useMemo, useState } from "react";
import type { Manifest } from "../connectors/manifest";
import { type Key, useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { errorAt, Field, FieldGroup, Problem, TextInput } from "../ui";
import { AuthFields } from "./AuthFields";
import {
  type Answers,
  type AuthChoice,
  answersToSend,
  authChoices,
  customerFields,
  initialAnswers,
  lacking,
  serverFields,
} from "./methods";
import { choiceName } from "./names";
import type { Refusal } from "./useConnecting";

export type Entered = {
  readonly name: string;
  readonly choice: AuthChoice | null;
  readonly several: boolean;
  readonly answers: Answers;
  readonly server: string;
};

type Props = {
  readonly id: string;
  readonly manifest: Manifest;
  readonly title: string;
  readonly before: ConnectionDetail | undefined;
  readonly error: Refusal | null;
  readonly refused: string | null;
  readonly onElsewhere: (elsewhere: boolean) => void;
  readonly onSubmit: (entered: Entered) => void;
};

/** The form of a connection: its name, the way to sign in and what that asks for, where the API is. */
export function ConnectForm({ id, manifest, title, before, error, refused, onElsewhere, onSubmit }: Props) {
  const { t } = useLocale();
  const { embedded } = useSession();
  const choices = useMemo(() => authChoices(manifest), [manifest]);
  const places = useMemo(() => serverFields(manifest), [manifest]);
  const known = useMemo(() => knownOf(before), [before]);
  const [chosen, setChosen] = useState(() => known.answers["auth_method"] || choices[0]?.id || "");
  const choice = choices.find((one) => one.id === chosen) ?? choices[0] ?? null;
  const fields = useMemo(() => uniqueFields([...(choice?.fields ?? []), ...places]), [choice, places]);
  const [entered, setEntered] = useState<Answers>({});
  const answers = { ...initialAnswers(fields, known.answers), ...entered };
  const [name, setName] = useState(title);
  const [server, setServer] = useState(known.answers["server"] ?? "");
  const [missing, setMissing] = useState<readonly string[]>([]);
  const elsewhere = choice?.elsewhere ?? false;
  useEffect(() => onElsewhere(elsewhere), [elsewhere, onElsewhere]);
  const addressless = (manifest.servers ?? []).length === 0 && manifest.storage === undefined;
  // Another way to sign in, or another address, makes the server forget the secrets that it has.
  const same =
    chosen === (known.answers["auth_method"] || choices[0]?.id) && server === (known.answers["server"] ?? "");
  const kept = same ? known.secrets : NONE;
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const refusal = error === null ? undefined : refusalOf(error, field.id);
    if (missing.includes(field.id)) errors[field.id] = t("connections.missing");
    else if (refusal !== undefined) errors[field.id] = refusal;
  }
  const serverError =
    error === null ? undefined : (refusalOf(error, "server") ?? errorAt(error.error, "/server"));
  const asked = embedded ? customerFields(choice, fields, known.answers, kept) : fields;
  const shown = fields.filter((field) => asked.includes(field) || errors[field.id] !== undefined);
  const shownAtField = Object.keys(errors).length > 0 || serverError !== undefined;

  const submit = () => {
    const lacks = [
      ...lacking(fields, answers, kept),
      ...(addressless && server.trim() === "" ? ["server"] : []),
      ...(before === undefined && name.trim() === "" ? ["name"] : []),
    ];
    setMissing(lacks);
    if (lacks.length > 0) {
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>(`#${CSS.escape(id)} [aria-invalid]`)?.focus(),
      );
      return;
    }
    const sent = answersToSend(fields, answers, known.answers);
    onSubmit({
      name: name.trim(),
      choice,
      several: choices.length > 1,
      answers: sent,
      server: server.trim(),
    });
  };

  const base = (
    <Field
      label={t("connections.server")}
      required={addressless}
      hint={t("connections.serverHint", manifest.servers?.[0]?.url ?? "")}
      {...(missing.includes("server")
        ? { error: t("connections.missing") }
        : serverError && { error: serverError })}
    >
      {(wired) => <TextInput {...wired} type="url" value={server} onChange={setServer} autoComplete="off" />}
    </Field>
  );

  return (
    <form
      id={id}
      noValidate
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {before?.error?.message ? <p className="connections-bad">{before.error.message}</p> : null}
      {refused === null ? null : (
        <div className="connections-refused" role="alert">
          <strong>{t("connections.notTaken")}</strong>
          {refused === "" ? null : <p>{refused}</p>}
        </div>
      )}
      {error === null || shownAtField ? null : <Problem error={error.error} />}
      {before !== undefined ? null : (
        <Field
          label={t("connections.name")}
          required
          hint={t("connections.nameHint")}
          {...(missing.includes("name") && { error: t("connections.missing") })}
        >
          {(wired) => (
            <TextInput {...wired} value={name} maxLength={200} onChange={setName} autoComplete="off" />
          )}
        </Field>
      )}
      {choices.length < 2 ? null : (
        <FieldGroup legend={t("connections.howToSignIn")}>
          {choices.map((one) => (
            <label key={one.id} className="connections-choice">
              <input
                type="radio"
                name={`${id}-method`}
                value={one.id}
                checked={one.id === choice?.id}
                onChange={() => setChosen(one.id)}
              />
              <span>
                <bdi>{choiceName(one, t)}</bdi>
                <small>{t(howOf(one))}</small>
              </span>
            </label>
          ))}
        </FieldGroup>
      )}
      {choice === null || (choice.kind === "none" && choices.length === 1) ? (
        <p>{t("connections.noSignIn")}</p>
      ) : null}
      {elsewhere && !embedded ? <RedirectNote /> : null}
      <AuthFields
        fields={shown}
        answers={answers}
        kept={kept}
        errors={errors}
        onAnswer={(field, answer) => setEntered({ ...entered, [field]: answer })}
      />
      {manifest.storage !== undefined ? null : addressless ? (
        base
      ) : embedded && serverError === undefined ? null : (
        <details className="connections-more" open={serverError !== undefined || server !== ""}>
          <summary>{t("connections.otherAddress")}</summary>
          {base}
        </details>
      )}
    </form>
  );
}

function howOf(choice: AuthChoice): Key {
  if (choice.kind === "none") return "connections.noSignIn";
  return choice.elsewhere ? "connections.inAWindow" : "connections.byEntering";
}

/** What has to be registered at the other side before anybody can sign in there. */
function RedirectNote() {
  const { t } = useLocale();
  return (
    <p className="connections-help">
      {t("connections.redirect")} <code>{new URL("/connect/callback", window.location.origin).href}</code>
    </p>
  );
}

const NONE: ReadonlySet<string> = new Set();

function knownOf(before: ConnectionDetail | undefined) {
  const answers: Record<string, string> = {};
  const secrets = new Set<string>();
  for (const param of before?.params ?? []) {
    if (param.value !== undefined) answers[param.name] = param.value;
    // Whether a secret is set is not told; what is lacking, the server says.
    else if (param.fieldType === "password") secrets.add(param.name);
  }
  return { answers, secrets };
}

function uniqueFields<T extends { readonly id: string }>(fields: readonly T[]): readonly T[] {
  return [...new Map(fields.toReversed().map((field) => [field.id, field])).values()].toReversed();
}

/** The server names a wrong answer by its place in the list that was sent. */
function refusalOf(refusal: Refusal, name: string): string | undefined {
  const index = refusal.sent.indexOf(name);
  return index < 0
    ? errorAt(refusal.error, `/${name}`)
    : (errorAt(refusal.error, `/params/${index}/value`) ??
        errorAt(refusal.error, `/params/${index}`) ??
        errorAt(refusal.error, `/${name}`));
}
