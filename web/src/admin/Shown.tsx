import { type ReactNode, useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, type Tone } from "../ui";
import type { Health } from "./health";

const TONES: Readonly<Record<Health, Tone>> = {
  ok: "good",
  failing: "bad",
  disconnected: "bad",
  setup: "warn",
  disabled: "neutral",
  unused: "neutral",
};

export function HealthBadge({ health }: { readonly health: Health }) {
  const { t } = useLocale();
  return <Badge tone={TONES[health]}>{t(`admin.health.${health}`)}</Badge>;
}

const AT_FIRST = 200;

/** A text from outside, cut where it is long. */
export function Cut({ text }: { readonly text: string }) {
  const { t } = useLocale();
  const [open, setOpen] = useState(false);
  if (text.length <= AT_FIRST) return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{open ? text : `${text.slice(0, AT_FIRST)}…`}</bdi>{" "}
      <Button look="bare" onClick={() => setOpen(!open)}>
        {open ? t("action.showLess") : t("action.showMore")}
      </Button>
    </>
  );
}

/** The first so many of a list, and a button for the next ones. */
export function useCut<T>(rows: readonly T[], size = 50) {
  const { t } = useLocale();
  const [count, setCount] = useState(size);
  const more: ReactNode =
    rows.length > count ? (
      <div className="more">
        <Button onClick={() => setCount(count + size * 2)}>{t("admin.moreOf", count, rows.length)}</Button>
      </div>
    ) : null;
  return { shown: rows.slice(0, count), more };
}
