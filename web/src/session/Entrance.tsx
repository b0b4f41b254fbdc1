import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useLocale } from "../i18n";
import { Button, errorAt, Field, Loading, Problem, TextInput } from "../ui";
import { accept, type Door, door, type Signed, setUp, signIn } from "./session";
import "./Entrance.css";

type Props = { readonly ended: boolean; readonly onEnter: (signed: Signed) => void };

/** The door: sign in, set up where nobody was before, or accept an invitation. */
export function Entrance({ ended, onEnter }: Props) {
  const [known, setKnown] = useState<Door | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  // Read once, and taken out of the address: who looks at the history later finds no code.
  const [code] = useState(() => new URLSearchParams(location.hash.slice(1)).get("code") ?? "");
  const invited = location.pathname.endsWith("/invitation");
  useEffect(() => {
    if (location.hash !== "") history.replaceState(null, "", location.pathname);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `tries` asks again
  useEffect(() => {
    door().then(setKnown, setError);
  }, [tries]);
  if (error !== null) {
    return (
      <Problem
        error={error}
        onRetry={() => {
          setError(null);
          setTries(tries + 1);
        }}
      />
    );
  }
  if (known === null) return <Loading />;
  if (invited) return <Invitation code={code} onEnter={onEnter} />;
  if (known.state === "setup") return <SetUp code={code} onEnter={onEnter} />;
  return <SignIn door={known} ended={ended} onEnter={onEnter} />;
}

function Frame({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const { t } = useLocale();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.querySelector("input")?.focus(), []);
  return (
    <main className="entrance" ref={main}>
      <div className="entrance-card">
        <p className="entrance-name">{t("app.name")}</p>
        <h1>{title}</h1>
        {text === undefined ? null : <p className="muted">{text}</p>}
        {children}
      </div>
    </main>
  );
}

const FIELDS = ["/code", "/name", "/email", "/password"];

/** What no field tells; of those that do, the first gets the focus. */
function Refused({ error }: { readonly error: unknown }) {
  useEffect(() => {
    if (error !== null) document.querySelector<HTMLElement>(".entrance [aria-invalid]")?.focus();
  }, [error]);
  if (error === null || FIELDS.some((pointer) => errorAt(error, pointer) !== undefined)) return null;
  return <Problem error={error} />;
}

/** After somebody was let in, the address of the door means nothing any more. */
function useEntering(onEnter: Props["onEnter"]) {
  return (signed: Signed) => {
    if (/\/studio\/(setup|invitation)$/.test(location.pathname)) history.replaceState(null, "", "/studio/");
    onEnter(signed);
  };
}

function SignIn({ door: { oidc }, ended, onEnter }: Props & { readonly door: Door }) {
  const { t } = useLocale();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const sending = useMutation({ mutationFn: () => signIn(email, password), onSuccess: useEntering(onEnter) });
  return (
    <Frame
      title={ended ? t("session.signIn") : t("session.welcome")}
      {...(ended ? { text: t("session.ended") } : {})}
    >
      <form onSubmit={sent(sending.mutate)} noValidate>
        <Field label={t("session.email")} error={errorAt(sending.error, "/email")}>
          {(wired) => (
            <TextInput {...wired} type="email" autoComplete="username" value={email} onChange={setEmail} />
          )}
        </Field>
        <Field label={t("session.password")} error={errorAt(sending.error, "/password")}>
          {(wired) => (
            <TextInput
              {...wired}
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={setPassword}
            />
          )}
        </Field>
        <Refused error={sending.error} />
        <Button type="submit" look="primary" busy={sending.isPending}>
          {t("session.signIn")}
        </Button>
      </form>
      {oidc === null ? null : (
        <>
          <p className="entrance-or">{t("session.or")}</p>
          <a className="button button-plain" href="/studio/session/oidc">
            {t("session.oidc", oidc.name)}
          </a>
        </>
      )}
    </Frame>
  );
}

function SetUp({ code: given, onEnter }: { readonly code: string; readonly onEnter: Props["onEnter"] }) {
  const { t } = useLocale();
  const [code, setCode] = useState(given);
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const sending = useMutation({
    mutationFn: () => setUp({ code: code.trim(), email: email.trim(), name: name.trim(), password }),
    onSuccess: useEntering(onEnter),
  });
  return (
    <Frame title={t("session.setup")} text={t("session.setupText")}>
      <form onSubmit={sent(sending.mutate)}>
        {given === "" ? (
          <Field
            label={t("session.code")}
            hint={t("session.codeHint")}
            error={errorAt(sending.error, "/code")}
            required
          >
            {(wired) => (
              <TextInput {...wired} autoComplete="off" spellCheck={false} value={code} onChange={setCode} />
            )}
          </Field>
        ) : null}
        <Field label={t("session.name")} error={errorAt(sending.error, "/name")} required>
          {(wired) => <TextInput {...wired} autoComplete="name" value={name} onChange={setName} />}
        </Field>
        <Field label={t("session.email")} error={errorAt(sending.error, "/email")} required>
          {(wired) => (
            <TextInput {...wired} type="email" autoComplete="username" value={email} onChange={setEmail} />
          )}
        </Field>
        <NewPassword value={password} onChange={setPassword} error={errorAt(sending.error, "/password")} />
        <Refused error={sending.error} />
        <Button type="submit" look="primary" busy={sending.isPending}>
          {t("session.setupAction")}
        </Button>
      </form>
    </Frame>
  );
}

function Invitation({ code, onEnter }: { readonly code: string; readonly onEnter: Props["onEnter"] }) {
  const { t } = useLocale();
  const [password, setPassword] = useState("");
  const sending = useMutation({ mutationFn: () => accept(code, password), onSuccess: useEntering(onEnter) });
  return (
    <Frame title={t("session.invitation")} text={t("session.invitationText")}>
      <form onSubmit={sent(sending.mutate)}>
        <NewPassword value={password} onChange={setPassword} error={errorAt(sending.error, "/password")} />
        <Refused error={sending.error} />
        <Button type="submit" look="primary" busy={sending.isPending}>
          {t("session.invitationAction")}
        </Button>
      </form>
    </Frame>
  );
}

function NewPassword({
  value,
  onChange,
  error,
}: {
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
}) {
  const { t } = useLocale();
  return (
    <Field label={t("session.password")} hint={t("session.passwordHint")} error={error} required>
      {(wired) => (
        <TextInput {...wired} type="password" autoComplete="new-password" value={value} onChange={onChange} />
      )}
    </Field>
  );
}

function sent(send: () => void) {
  return (event: FormEvent) => {
    event.preventDefault();
    send();
  };
}
