import { useLocale } from "../i18n";
import { Badge, type Tone } from "../ui";
import type { Status } from "./status";

const TONES: Record<Status | "none", Tone> = {
  none: "neutral",
  setup: "info",
  off: "neutral",
  unused: "good",
  failing: "bad",
  active: "good",
};

export function StatusBadge({ status }: { readonly status: Status | null }) {
  const { t } = useLocale();
  const said = status ?? "none";
  return <Badge tone={TONES[said]}>{t(`templates.status.${said}`)}</Badge>;
}
