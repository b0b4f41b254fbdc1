import { Link } from "wouter";
import { useLocale } from "../i18n";
import { Badge } from "../ui";
import type { Installed } from "./health";
import { failures } from "./rollout";
import { Cut } from "./Shown";

const NAMED = 50;

/** What fails, by reason: one reason at fifty customers is one line, with who they are behind it. */
export function Failures({ rows }: { readonly rows: readonly Installed[] }) {
  const { t } = useLocale();
  const reasons = failures(rows, null);
  if (reasons.length === 0) return <p>{t("admin.noFailures")}</p>;
  return (
    <>
      <h3>{t("admin.failures")}</h3>
      <ul className="settings-section">
        {reasons.map(({ error, customers }) => (
          <li key={error}>
            <span className="admin-error">
              <Cut text={error === "" ? t("admin.noReason") : error} />
            </span>
            <details>
              <summary>{t("admin.atCustomers", customers.length)}</summary>
              <ul>
                {customers.slice(0, NAMED).map((one) => (
                  <li key={one.guid}>
                    <Link href={`/customers/${one.account.guid}`}>
                      <bdi>{one.account.name}</bdi>
                    </Link>{" "}
                    <Badge>{t("admin.versionN", one.version)}</Badge>
                  </li>
                ))}
              </ul>
              {customers.length > NAMED ? <p>{t("admin.andMore", customers.length - NAMED)}</p> : null}
            </details>
          </li>
        ))}
      </ul>
    </>
  );
}
