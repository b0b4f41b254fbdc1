import { ApiError, NoAnswer } from "@client";
import { type Translate, useLocale } from "../i18n";
import { Button } from "./Button";
import { Icon } from "./icons";
import "./states.css";

/** What went wrong, in sentences for a person: what the server says, else what we know. */
export function told(error: unknown, t: Translate): string[] {
  if (error instanceof ApiError) {
    const lines = error.errors.map((entry) => entry.detail || entry.title).filter(Boolean);
    return lines.length > 0 ? [...new Set(lines)] : [error.detail || error.title];
  }
  if (error instanceof NoAnswer) return [t("state.offline")];
  if (error instanceof Error && error.message !== "") return [error.message];
  return [t("state.failed")];
}

/** The error at a field: that of the entry whose pointer (RFC 6901) is `pointer`. */
export function errorAt(error: unknown, pointer: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const found = error.errors.find((entry) => entry.source?.pointer === pointer);
  if (found === undefined)
    return error.errors.length === 0 && error.source === pointer ? error.detail : undefined;
  return found.detail || found.title;
}

/** A failure in the place of what it kept from being shown. */
export function Problem({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}) {
  const { t } = useLocale();
  const trace = error instanceof ApiError ? error.traceId : undefined;
  return (
    <div className="problem" role="alert">
      <Icon name="error" size={20} />
      <div>
        {told(error, t).map((line) => (
          <p key={line}>{line}</p>
        ))}
        {trace ? <p className="problem-trace">{t("state.trace", trace)}</p> : null}
        {onRetry === undefined ? null : (
          <Button icon="refresh" onClick={onRetry}>
            {t("action.retry")}
          </Button>
        )}
      </div>
    </div>
  );
}
