import type { IntegrationDetail } from "@client";
import { Link } from "wouter";
import { isRecord } from "../data/json";
import { useLocale } from "../i18n";
import { Badge } from "../ui";
import { links } from "./data";
import { text } from "./fields";
import { read } from "./schedule";
import type { Step } from "./steps";
import { useTimingText } from "./Timing";

type Props = {
  readonly detail: IntegrationDetail;
  readonly steps: readonly Step[];
  readonly editable: boolean;
};

/** What an integration was told, step by step, each with the way back to it. */
export function Summary({ detail, steps, editable }: Props) {
  const { t } = useLocale();
  return (
    <>
      {steps
        .filter((step) => step.step !== "review")
        .map((step) => (
          <section key={step.step} className="templates-part">
            <div className="templates-part-head">
              <h2>{t(`templates.step.${step.step}`)}</h2>
              {editable ? (
                <Link href={links.setup(detail.id, step.step)}>
                  {t("action.edit")}{" "}
                  <span className="visually-hidden">{t(`templates.step.${step.step}`)}</span>
                </Link>
              ) : null}
            </div>
            <Part step={step} />
          </section>
        ))}
    </>
  );
}

function Part({ step }: { readonly step: Step }) {
  const { t } = useLocale();
  const timing = useTimingText();
  if (step.step === "connect") {
    return (
      <dl className="templates-facts">
        {(step.connectors ?? []).map((one) => (
          <div key={one.connectorGuid}>
            <dt>
              <bdi>{one.name}</bdi>
            </dt>
            <dd>
              <bdi>{one.connections.find((each) => each.id === one.connection)?.name}</bdi>{" "}
              <Badge tone={one.connected ? "good" : "warn"}>
                {t(one.connected ? "templates.connected" : "templates.notConnected")}
              </Badge>
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  if (step.step === "schedule") {
    const schedules = step.schedules ?? [];
    if (schedules.length === 0) return <p className="muted">{t("templates.when.none")}</p>;
    return (
      <ul className="templates-list">
        {schedules.map((one) => (
          <li key={String(one["id"])}>{timing(read(one))}</li>
        ))}
      </ul>
    );
  }
  const fields = (step.fields ?? []).filter((field) => field.kind !== "button" && field.persisted);
  return (
    <dl className="templates-facts">
      {fields.map((field) => (
        <div key={field.id}>
          <dt>
            <bdi>{field.label}</bdi>
          </dt>
          <dd>
            <Answer value={field.value} has={field.hasValue} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const LONGEST = 200;

function Answer({ value, has }: { readonly value: unknown; readonly has: boolean }) {
  const { t } = useLocale();
  if (!has) return <span className="muted">{t("templates.notAnswered")}</span>;
  if (value === null) return <span className="muted">{t("templates.secretKept")}</span>;
  const entries = isRecord(value)
    ? Object.entries(value).map(([name, one]) => `${name}: ${text(one)}`)
    : null;
  const said = entries ?? (Array.isArray(value) ? value.map(text) : [text(value)]);
  return (
    <>
      {said.slice(0, 20).map((line) => (
        <bdi key={line} className="templates-answer">
          {line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line}
        </bdi>
      ))}
      {said.length > 20 ? <span className="muted">…</span> : null}
    </>
  );
}
