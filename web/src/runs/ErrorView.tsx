import type { RunsExecution } from "@client";
import type { ReactNode } from "react";
import { isRecord } from "../data/json";
import { type Key, useLocale } from "../i18n";

/** An error in sentences: what happened, what that means, what the block's setting made of it, what can be done. */
export function ErrorView({
  execution,
  help,
}: {
  readonly execution: RunsExecution;
  readonly help: ReactNode;
}) {
  const { t } = useLocale();
  const error = isRecord(execution.error) ? execution.error : {};
  const last = execution.exchanges.at(-1);
  const advice = adviceFor(
    String(error["code"] ?? ""),
    typeof last?.["status"] === "number" ? last["status"] : null,
  );
  return (
    <div className="runs-error">
      <h3>{String(error["title"] ?? t("runs.block.failed"))}</h3>
      <p className="runs-error-detail">
        <bdi>{typeof execution.error === "string" ? execution.error : String(error["detail"] ?? "")}</bdi>
      </p>
      {advice === null ? null : <p>{t(advice as "runs.advice.input")}</p>}
      <p className="muted">{t(onError(execution.onError) as "runs.onError.stop")}</p>
      {error["code"] === undefined ? null : (
        <p className="muted">
          {t("runs.code")} <code>{String(error["code"])}</code>
        </p>
      )}
      {help}
    </div>
  );
}

function onError(setting: string | null): Key {
  if (setting === "warning") return "runs.onError.warning";
  return setting === "ignore" ? "runs.onError.ignore" : "runs.onError.stop";
}

/** What usually helps, by what the other side answered. */
export function adviceFor(code: string, status: number | null): Key | null {
  if (status === 401 || status === 403) return "runs.advice.access";
  if (status === 404 || status === 410) return "runs.advice.gone";
  if (status === 429) return "runs.advice.slower";
  if (status !== null && status >= 500) return "runs.advice.theirs";
  if (status !== null && status >= 400) return "runs.advice.input";
  if (/egress/.test(code)) return "runs.advice.egress";
  if (/formula/.test(code)) return "runs.advice.formula";
  if (/connection|unbound|vault/.test(code)) return "runs.advice.connection";
  if (/timeout|unreachable|transient|unavailable/.test(code)) return "runs.advice.theirs";
  return null;
}
