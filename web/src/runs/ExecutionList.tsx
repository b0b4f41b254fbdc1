import type { RunsExecution } from "@client";
import { isRecord } from "../data/json";
import { useLocale } from "../i18n";
import { Duration, Icon } from "../ui";
import { cellText } from "./values";

const LONGEST = 90;

/** Executions of a block, each a button that opens it. */
export function ExecutionList({
  executions,
  onPick,
}: {
  readonly executions: readonly RunsExecution[];
  readonly onPick: (id: string) => void;
}) {
  const { t, number } = useLocale();
  if (executions.length === 0) return <p className="muted">{t("runs.noneSo")}</p>;
  return (
    <ul className="runs-items">
      {executions.map((one) => (
        <li key={one.id}>
          <button type="button" className="runs-item" onClick={() => onPick(one.id)}>
            <span className="runs-item-number">
              {one.iteration.length === 0
                ? one.path
                : one.iteration.map((item) => number(item.index + 1)).join(" › ")}
            </span>
            <span className="runs-item-label">
              <bdi>{summary(one)}</bdi>
            </span>
            <span className={one.status === "failed" ? "runs-bad" : "muted"}>
              <Icon
                name={one.status === "failed" ? "error" : one.status === "replayed" ? "pin" : "check"}
                size={12}
              />{" "}
              {t(`runs.execution.${one.status}`)} · <Duration ms={one.milliseconds} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function summary(one: RunsExecution): string {
  const shown =
    one.status === "failed" && isRecord(one.error) ? (one.error["detail"] ?? one.error["title"]) : one.output;
  const text = cellText(shown);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
