import { Link } from "wouter";
import { useLocale } from "../i18n";
import { Badge, Checkbox, type Column, Table, Time } from "../ui";
import { type Installed, isBehind } from "./health";
import { Cut, HealthBadge, useCut } from "./Shown";

type Props = {
  readonly caption: string;
  readonly rows: readonly Installed[];
  readonly newest: ReadonlyMap<string, number>;
  /** Guids of the integrations that are ticked; without it nothing can be ticked. */
  readonly ticked?: ReadonlySet<string>;
  readonly onTick?: (guid: string, on: boolean) => void;
  readonly withTemplate?: boolean;
};

/** Integrations of many customers. */
export function FleetTable({ caption, rows, newest, ticked, onTick, withTemplate = true }: Props) {
  const { t } = useLocale();
  const { shown, more } = useCut(rows);
  const columns: Column<Installed>[] = [
    {
      id: "customer",
      label: t("admin.customer"),
      cell: (one) => (
        <div className="admin-picked">
          {ticked === undefined ? null : (
            <Checkbox
              label={<span className="visually-hidden">{t("admin.pick", one.account.name)}</span>}
              checked={ticked.has(one.guid)}
              onChange={(on) => onTick?.(one.guid, on)}
            />
          )}
          <Link href={`/customers/${one.account.guid}`}>
            <bdi>{one.account.name}</bdi>
          </Link>
        </div>
      ),
    },
    ...(withTemplate
      ? [
          {
            id: "template",
            label: t("admin.integration"),
            cell: (one: Installed) => (
              <Link href={`/templates/${one.template}`}>
                <bdi>{one.name}</bdi>
              </Link>
            ),
          },
        ]
      : []),
    { id: "health", label: t("admin.health"), cell: (one) => <HealthBadge health={one.health} /> },
    { id: "version", label: t("admin.version"), cell: (one) => <VersionOf one={one} newest={newest} /> },
    {
      id: "error",
      label: t("admin.lastError"),
      wide: true,
      cell: (one) => (one.lastRun?.error ? <Cut text={one.lastRun.error} /> : "–"),
    },
    { id: "run", label: t("admin.lastRun"), cell: (one) => <Time at={one.lastRun?.stoppedAt} /> },
  ];
  return (
    <>
      <Table caption={caption} rows={shown} keyOf={(one) => one.guid} columns={columns} />
      {more}
    </>
  );
}

export function VersionOf({
  one,
  newest,
}: {
  readonly one: Installed;
  readonly newest: ReadonlyMap<string, number>;
}) {
  const { t, number } = useLocale();
  return (
    <span className="settings-row">
      <span>{number(one.version)}</span>
      {one.pinned === null ? null : <Badge>{t("admin.pinned")}</Badge>}
      {one.detached ? <Badge>{t("admin.detached")}</Badge> : null}
      {isBehind(one, newest) ? <Badge tone="info">{t("admin.updateThere")}</Badge> : null}
    </span>
  );
}
