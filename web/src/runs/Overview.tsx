import { Link } from "wouter";
import { useLocale } from "../i18n";
import { Icon } from "../ui";
import { filtersOf } from "./filters";
import { usePaths } from "./paths";
import { useFigures } from "./Statistics";
import "./runs.css";

/** How the last 24 hours went, in one line; of all automations, or of one. Shows nothing while it knows nothing. */
export function Overview({ automationId = null }: { readonly automationId?: string | null }) {
  const { t, number } = useLocale();
  const paths = usePaths();
  const query = useFigures(filtersOf(new URLSearchParams("range=day")), automationId);
  if (query.data === undefined) return null;
  const runs = query.data.points.reduce((sum, point) => sum + point.runs, 0);
  const failed = query.data.points.reduce((sum, point) => sum + point.failed + point.exceededLimit, 0);
  const narrowed = new URLSearchParams({
    range: "day",
    ...(automationId === null ? {} : { automation: automationId }),
  });
  return (
    <p className="runs-overview">
      <span className="muted">{t("runs.overview.title")}</span>
      <Link href={`${paths.runs}?${narrowed}`}>{t("runs.overview.runs", runs, number(runs))}</Link>
      {failed === 0 ? (
        <span className="runs-good">
          <Icon name="check" size={14} /> {t("runs.overview.none")}
        </span>
      ) : (
        <Link href={`${paths.runs}?${narrowed}&status=failed`} className="runs-bad">
          <Icon name="error" size={14} /> {t("runs.overview.failed", failed, number(failed))}
        </Link>
      )}
    </p>
  );
}
