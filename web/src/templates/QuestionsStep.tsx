import type { FlowRun } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useApi } from "../api";
import { useHost } from "../embed/host";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { Button, ButtonLink, errorAt, JsonView, Loading, Markdown, Problem } from "../ui";
import { links, useForm } from "./data";
import { type Answers, type Asked, changes, forFlow, initialAnswers, lacking, questions } from "./fields";
import { Question } from "./Question";
import type { Step } from "./steps";
import { Footer, type StepProps } from "./Wizard";

type Props = StepProps & { readonly steps: readonly Step[] };

/** The questions of Setup, Settings, or the main flow. */
export function QuestionsStep(props: Props) {
  const form = useForm(props.detail.id);
  if (form.isPending) return <Loading />;
  const connectors = props.steps.find((one) => one.step === "connect")?.connectors ?? [];
  return <Form {...props} asked={questions(props.step.fields ?? [], form.data, connectors)} />;
}

function pointer(label: string): string {
  return `/inputs/${label.replaceAll("~", "~0").replaceAll("/", "~1")}`.slice(0, 200);
}

function Form({
  detail,
  step,
  saver,
  onBack,
  onNext,
  asked: fresh,
}: Props & { readonly asked: readonly Asked[] }) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const host = useHost();
  const [asked] = useState(fresh);
  const [answers, setAnswers] = useState<Answers>(() => initialAnswers(asked));
  const [missing, setMissing] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<FlowRun | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const saved = useRef<Record<string, unknown>>({});
  const flow =
    (step.step === "setup" && detail.hasSetup) || (step.step === "settings" && detail.hasSettings)
      ? step.step
      : null;

  const saving = useMutation({
    mutationFn: async (inputs: Record<string, unknown>) => {
      if (Object.keys(inputs).length === 0) return;
      const changed = await api.v1.updateIntegration(detail.id, { inputs });
      saved.current = { ...saved.current, ...inputs };
      cache.setQueryData(["integrations", detail.id], changed);
      if (changed.state !== detail.state) host("integration", { id: detail.id, state: changed.state });
      await cache.invalidateQueries({ queryKey: ["integrations", detail.id, "form"] });
    },
  });
  const running = useMutation({
    mutationFn: (pressed?: string) =>
      api.v1.runIntegrationFlow(detail.id, flow ?? "setup", { inputs: forFlow(asked, answers, pressed) }),
    onSuccess: async (run) => {
      setOutcome(run);
      const before = cache.getQueryData<{ state: string }>(["integrations", detail.id])?.state;
      await cache.invalidateQueries({ queryKey: ["integrations", detail.id] });
      const now = cache.getQueryData<{ state: string }>(["integrations", detail.id])?.state;
      if (now !== undefined && now !== before) host("integration", { id: detail.id, state: now });
    },
  });
  const pending = () =>
    changes(
      asked.map((one) => (one.label in saved.current ? { ...one, initial: saved.current[one.label] } : one)),
      answers,
    );
  useEffect(() => {
    saver.current = async () => {
      try {
        await saving.mutateAsync(pending());
        return true;
      } catch {
        focusWrong();
        return false;
      }
    };
  });
  const focusWrong = () =>
    requestAnimationFrame(() => {
      const wrong = form.current?.querySelector<HTMLElement>(
        "[aria-invalid=true], fieldset:has(> .field-error) :is(input, button)",
      );
      wrong?.focus();
    });
  const whole = () => {
    const lacks = lacking(asked, answers);
    setMissing(lacks);
    if (lacks.length > 0) focusWrong();
    return lacks.length === 0;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (saving.isPending || running.isPending || !whole()) return;
    if (outcome?.status.startsWith("finished")) return onNext();
    try {
      await saving.mutateAsync(pending());
      if (flow === null) return onNext();
      const run = await running.mutateAsync(undefined);
      if (run.status.startsWith("finished") && isNothing(run.output)) onNext();
    } catch {
      focusWrong();
    }
  };
  const press = async (label: string) => {
    if (saving.isPending || running.isPending) return;
    try {
      await saving.mutateAsync(pending());
      await running.mutateAsync(label);
    } catch {
      focusWrong();
    }
  };
  const atField = asked.some((one) => errorAt(saving.error, pointer(one.label)) !== undefined);
  const busy = saving.isPending || running.isPending;
  return (
    <form ref={form} onSubmit={(event) => void submit(event)} noValidate>
      {asked.map((one) => (
        <Question
          key={one.id}
          asked={one}
          value={answers[one.label]}
          busy={busy}
          error={
            missing.includes(one.label)
              ? t("templates.fieldLacks")
              : errorAt(saving.error, pointer(one.label))
          }
          onChange={(value) => {
            setAnswers((before) => ({ ...before, [one.label]: value }));
            setMissing((before) => before.filter((label) => label !== one.label));
            setOutcome(null);
          }}
          onPress={() => void press(one.label)}
        />
      ))}
      {saving.error === null || atField ? null : <Problem error={saving.error} />}
      {running.error === null ? null : <Problem error={running.error} />}
      <div role="status">{running.isPending ? <p className="muted">{t("templates.working")}</p> : null}</div>
      {outcome === null ? null : <Outcome id={detail.id} run={outcome} onSkip={onNext} />}
      <Footer onBack={onBack} busy={busy} next={t("templates.next")} />
    </form>
  );
}

function isNothing(output: unknown): boolean {
  return (
    output === null || output === undefined || output === "" || (Array.isArray(output) && output.length === 0)
  );
}

/** What a flow has put out, or why it came to no end. */
function Outcome({ id, run, onSkip }: { id: string; run: FlowRun; onSkip: () => void }) {
  const { t } = useLocale();
  const { hidden } = useSession();
  const good = run.status.startsWith("finished");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  if (good && isNothing(run.output)) return null;
  return (
    <div
      ref={box}
      tabIndex={-1}
      className={good ? "templates-outcome" : "templates-outcome templates-outcome-bad"}
    >
      <h3>{t(good ? "templates.said" : "templates.flowFailed")}</h3>
      {good ? (
        typeof run.output === "string" ? (
          <Markdown text={run.output} />
        ) : (
          <JsonView value={run.output} />
        )
      ) : (
        <p>{run.error}</p>
      )}
      {good ? null : (
        <div className="toolbar">
          <Button onClick={onSkip}>{t("templates.skip")}</Button>
          {hidden.has("studio") ? null : (
            <ButtonLink to={links.run(id, run.runId)}>{t("templates.flowRun")}</ButtonLink>
          )}
        </div>
      )}
    </div>
  );
}
