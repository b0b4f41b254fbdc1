import type { IntegrationDetail } from "@client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Redirect, useLocation } from "wouter";
import { useLocale } from "../i18n";
import { Badge, Button, Icon, Loading, Page, Problem } from "../ui";
import { ConnectStep } from "./ConnectStep";
import { links, useIntegration, useStarted } from "./data";
import { QuestionsStep } from "./QuestionsStep";
import { ReviewStep } from "./ReviewStep";
import { ScheduleStep } from "./ScheduleStep";
import { around, firstOpen, type Step, stepsOf } from "./steps";
import "./templates.css";

/** What every step gets. `saver` keeps what was entered when somebody leaves it by another way than "Continue". */
export type StepProps = {
  readonly detail: IntegrationDetail;
  readonly step: Step;
  readonly saver: { current: (() => Promise<boolean>) | null };
  readonly onBack: (() => void) | null;
  readonly onNext: () => void;
};

/** Sets an integration up, one step at a time. Where one is stands in the address; what was entered, on the server. */
export function Wizard({ id, step: name }: { readonly id: string; readonly step: string | undefined }) {
  const { t } = useLocale();
  const found = useIntegration(id);
  const started = useStarted(found.data);
  const back = { to: links.integration(id), label: found.data?.name ?? t("templates.integrations") };
  if (found.data === undefined || started.loading) {
    return (
      <Page title={t("templates.settings")} back={back}>
        {found.error ? <Problem error={found.error} onRetry={() => void found.refetch()} /> : <Loading />}
      </Page>
    );
  }
  if (!found.data.canManage) return <Redirect to={links.integration(id)} replace />;
  const steps = stepsOf(found.data, started.fields);
  const at = steps.find((one) => one.step === name);
  if (at === undefined) {
    const first = name === undefined ? firstOpen(steps) : (steps[0]?.step ?? "review");
    return <Redirect to={links.setup(id, first)} replace />;
  }
  return <Steps detail={found.data} steps={steps} at={at} back={back} />;
}

type StepsProps = {
  readonly detail: IntegrationDetail;
  readonly steps: readonly Step[];
  readonly at: Step;
  readonly back: { readonly to: string; readonly label: string };
};

function Steps({ detail, steps, at, back }: StepsProps) {
  const { t } = useLocale();
  const cache = useQueryClient();
  const [, go] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const saver = useRef<(() => Promise<boolean>) | null>(null);
  const { before, after } = around(steps, at.step);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each step begins at its heading
  useEffect(() => heading.current?.focus(), [at.step]);
  const leave = async (to: string) => {
    const save = saver.current;
    if (save !== null && !(await save())) return;
    saver.current = null;
    go(to);
  };
  const number = steps.indexOf(at) + 1;
  const title = t(`templates.step.${at.step}`);
  const props: StepProps = {
    detail,
    step: at,
    saver,
    onBack: before === null ? null : () => void leave(links.setup(detail.id, before)),
    onNext: () => {
      saver.current = null;
      void cache.invalidateQueries({ queryKey: ["integrations"], exact: true });
      go(after === null ? links.integration(detail.id) : links.setup(detail.id, after));
    },
  };
  return (
    <Page
      title={t("templates.wizard", detail.name)}
      back={back}
      actions={
        <Button onClick={() => void leave(links.integration(detail.id))}>{t("templates.later")}</Button>
      }
    >
      <div className="templates-wizard">
        <nav aria-label={t("templates.steps")}>
          <ol className="templates-steps">
            {steps.map((one, index) => (
              <li key={one.step}>
                <button
                  type="button"
                  aria-current={one === at ? "step" : undefined}
                  onClick={() => void leave(links.setup(detail.id, one.step))}
                >
                  <span className="templates-step-mark" aria-hidden="true">
                    {one.complete ? <Icon name="check" /> : index + 1}
                  </span>
                  <span>{t(`templates.step.${one.step}`)}</span>
                  <span className="visually-hidden">
                    {t(one.complete ? "templates.stepDone" : "templates.stepOpen")}
                  </span>
                </button>
              </li>
            ))}
          </ol>
        </nav>
        <section className="templates-step" aria-labelledby="templates-step-title">
          <p className="templates-progress" role="status">
            {t("templates.progress", number, steps.length, title)}
          </p>
          <progress value={number} max={steps.length} aria-hidden="true" />
          <div className="templates-about">
            <h2 id="templates-step-title" ref={heading} tabIndex={-1}>
              {title}
            </h2>
            {at.complete && at.step !== "review" ? (
              <Badge tone="good">{t("templates.stepDone")}</Badge>
            ) : null}
          </div>
          <Body key={at.step} steps={steps} {...props} />
        </section>
      </div>
    </Page>
  );
}

function Body({ steps, ...props }: StepProps & { readonly steps: readonly Step[] }) {
  switch (props.step.step) {
    case "connect":
      return <ConnectStep {...props} />;
    case "schedule":
      return <ScheduleStep {...props} />;
    case "review":
      return <ReviewStep {...props} steps={steps} />;
    default:
      return <QuestionsStep {...props} steps={steps} />;
  }
}

/** Back and Continue, as every step has them. */
export function Footer({ onBack, busy, next }: { onBack: (() => void) | null; busy: boolean; next: string }) {
  const { t } = useLocale();
  return (
    <footer className="templates-footer">
      {onBack === null ? <span /> : <Button onClick={onBack}>{t("templates.back")}</Button>}
      <Button type="submit" look="primary" busy={busy}>
        {next}
      </Button>
    </footer>
  );
}
