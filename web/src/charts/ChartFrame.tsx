import { createContext, type ReactNode, use, useId, useState } from "react";
import { useLocale } from "../i18n";
import { Button } from "../ui";
import "./charts.css";

export type Series = {
  readonly id: string;
  readonly label: string /** Of the set in charts.css. */;
  readonly look: Look;
};
export type Look = "good" | "warn" | "bad" | "muted" | "brand" | "accent";

const PatternContext = createContext("");

/** What lies over the colour of a look, as a `fill`. */
export function usePattern(): (look: Look) => string {
  const id = use(PatternContext);
  return (look) => `url(#${id}-${look})`;
}

type Props = {
  readonly title: string;
  readonly series: readonly Series[];
  /** One row of the table for each point: its name, and a text for each series. */
  readonly rows: readonly { readonly label: string; readonly values: readonly string[] }[];
  readonly empty: boolean;
  readonly children: ReactNode;
};

/** What is around a chart: its name, what its marks stand for, and the same figures as a table. */
export function ChartFrame({ title, series, rows, empty, children }: Props) {
  const { t } = useLocale();
  const [table, setTable] = useState(false);
  const heading = useId();
  return (
    <PatternContext value={heading}>
      <figure className="chart" aria-labelledby={heading}>
        <figcaption className="chart-head">
          <h2 id={heading}>{title}</h2>
          {empty ? null : (
            <Button
              look="bare"
              icon={table ? "chart" : "table"}
              aria-pressed={table}
              onClick={() => setTable(!table)}
            >
              {t("runs.chart.asTable")}
            </Button>
          )}
        </figcaption>
        {empty ? (
          <p className="chart-empty">{t("runs.chart.empty")}</p>
        ) : table ? (
          // A region that scrolls has to be reached by the keyboard.
          <section className="chart-table" tabIndex={0} aria-labelledby={heading}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("runs.chart.when")}</th>
                  {series.map((one) => (
                    <th key={one.id} scope="col">
                      {one.label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.label}>
                    <th scope="row">{row.label}</th>
                    {series.map((one, at) => (
                      <td key={one.id}>{row.values[at]}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ) : (
          children
        )}
        {empty || table ? null : (
          <ul className="chart-legend">
            {series.map((one) => (
              <li key={one.id}>
                <svg width="16" height="12" aria-hidden="true" focusable="false">
                  <rect width="16" height="12" rx="2" className={`chart-fill-${one.look}`} />
                  <rect width="16" height="12" rx="2" fill={`url(#${heading}-${one.look})`} />
                </svg>
                {one.label}
              </li>
            ))}
          </ul>
        )}
        <Patterns id={heading} />
      </figure>
    </PatternContext>
  );
}

/** Patterns over the colours, so that these need not be told apart. */
function Patterns({ id }: { readonly id: string }) {
  return (
    <svg className="chart-patterns" width="0" height="0" aria-hidden="true" focusable="false">
      <defs>
        <pattern
          id={`${id}-bad`}
          width="5"
          height="5"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="2" height="5" className="chart-ink" />
        </pattern>
        <pattern id={`${id}-warn`} width="5" height="5" patternUnits="userSpaceOnUse">
          <circle cx="2" cy="2" r="1.2" className="chart-ink" />
        </pattern>
        <pattern id={`${id}-muted`} width="5" height="5" patternUnits="userSpaceOnUse">
          <rect width="5" height="1.5" className="chart-ink" />
        </pattern>
        {(["good", "brand", "accent"] as const).map((look) => (
          <pattern key={look} id={`${id}-${look}`} width="5" height="5" patternUnits="userSpaceOnUse" />
        ))}
      </defs>
    </svg>
  );
}
