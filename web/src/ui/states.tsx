import type { ReactNode } from "react";
import { useLocale } from "../i18n";
import { Button } from "./Button";
import "./states.css";

export type Tone = "neutral" | "good" | "warn" | "bad" | "info";

/** A short word about a state; the word says it, the colour only helps. */
export function Badge({
  tone = "neutral",
  children,
}: {
  readonly tone?: Tone;
  readonly children: ReactNode;
}) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

export function Spinner() {
  return <span className="spinner" aria-hidden="true" />;
}

export function Loading() {
  const { t } = useLocale();
  return (
    <div className="loading" role="status">
      <Spinner /> {t("state.loading")}
    </div>
  );
}

/** What stands where a list has nothing, and what a person can do about it. */
export function Empty({
  title,
  text,
  action,
}: {
  readonly title: ReactNode;
  readonly text?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {text == null ? null : <p>{text}</p>}
      {action}
    </div>
  );
}

/** "Show more" below a list that is read page by page. */
export function More({
  query,
}: {
  readonly query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
}) {
  const { t } = useLocale();
  if (!query.hasNextPage) return null;
  return (
    <div className="more">
      <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {t("action.showMore")}
      </Button>
    </div>
  );
}

/** A moment, as the distance to now; the exact one on hover and to screen readers. */
export function Time({ at }: { readonly at: string | null | undefined }) {
  const { ago, moment } = useLocale();
  if (!at) return <span>–</span>;
  return (
    <time dateTime={at} title={moment(at)}>
      {ago(at)}
    </time>
  );
}

export function Duration({ ms }: { readonly ms: number | null | undefined }) {
  const { duration } = useLocale();
  return <span>{ms == null ? "–" : duration(ms)}</span>;
}

const HUES = 6;

/** A service's picture, or the first letter of its name. */
export function Logo({
  name,
  src,
  size = 28,
}: {
  readonly name: string;
  readonly src?: string | null | undefined;
  readonly size?: number;
}) {
  if (src?.startsWith("data:image/"))
    return <img className="logo" src={src} alt="" width={size} height={size} />;
  const letter = [...name.trim()][0]?.toUpperCase() ?? "?";
  const hue = [...name].reduce((sum, one) => (sum * 31 + (one.codePointAt(0) ?? 0)) % 9973, 7) % HUES;
  return (
    <span
      className={`logo logo-${hue}`}
      style={{ width: size, height: size, fontSize: size * 0.5 }}
      aria-hidden="true"
    >
      {letter}
    </span>
  );
}
