import { ChartFrame, type Series } from "./ChartFrame";
import { Plot } from "./Plot";
import { lineParts } from "./scale";

export type LinePoint = {
  readonly label: string;
  readonly short: string;
  readonly values: readonly (number | null)[];
};

type Props = {
  readonly title: string;
  readonly description: string;
  readonly series: readonly Series[];
  readonly points: readonly LinePoint[];
  readonly show: (value: number) => string;
  /** Whether the values are counts. */
  readonly whole?: boolean;
};

const DOT = 2.5;

/** Measured values over time; where there is none the line breaks, and a point alone is a dot. */
export function Lines({ title, description, series, points, show, whole = false }: Props) {
  const known = points.flatMap((point) => point.values.filter((value) => value !== null));
  const texts = (index: number) =>
    (points[index]?.values ?? []).map((value) => (value === null ? "–" : show(value)));
  return (
    <ChartFrame
      title={title}
      series={series}
      empty={known.length === 0}
      rows={points.map((point, index) => ({ label: point.label, values: texts(index) }))}
    >
      <Plot
        title={title}
        description={description}
        labels={points.map((point) => point.label)}
        short={points.map((point) => point.short)}
        most={Math.max(0, ...known)}
        whole={whole}
        series={series}
        values={texts}
        axis={show}
        draw={({ x, y }) =>
          series.map((one, part) => {
            const places = points.map((point, index) => {
              const value = point.values[part];
              return value === null || value === undefined ? null : ([x(index), y(value)] as const);
            });
            return (
              <g key={one.id} className={`chart-line chart-line-${one.look}`}>
                {lineParts(places).map((part) => (
                  <polyline key={part[0]?.[0]} points={part.map((place) => place.join(",")).join(" ")} />
                ))}
                {places.map((place) =>
                  place === null ? null : <circle key={place[0]} cx={place[0]} cy={place[1]} r={DOT} />,
                )}
              </g>
            );
          })
        }
      />
    </ChartFrame>
  );
}
