import { useLocale } from "../i18n";
import { ChartFrame, type Series, usePattern } from "./ChartFrame";
import { Plot, type Room } from "./Plot";
import { stacked } from "./scale";

export type Point = { readonly label: string; readonly short: string; readonly values: readonly number[] };

type Props = {
  readonly title: string;
  readonly description: string;
  readonly series: readonly Series[];
  readonly points: readonly Point[];
};

const GAP = 0.2;
const WIDEST = 48;

/** Counts over time, one bar a stretch, its parts on top of each other. */
export function Bars({ title, description, series, points }: Props) {
  const { number } = useLocale();
  const sums = points.map((point) => point.values.reduce((sum, value) => sum + value, 0));
  const most = Math.max(0, ...sums);
  const texts = (index: number) => (points[index]?.values ?? []).map((value) => number(value));
  return (
    <ChartFrame
      title={title}
      series={series}
      empty={most === 0}
      rows={points.map((point, index) => ({ label: point.label, values: texts(index) }))}
    >
      <Plot
        title={title}
        description={description}
        labels={points.map((point) => point.label)}
        short={points.map((point) => point.short)}
        most={most}
        whole
        series={series}
        values={texts}
        axis={number}
        draw={(room) => <Stacks room={room} series={series} points={points} />}
      />
    </ChartFrame>
  );
}

function Stacks({
  room,
  series,
  points,
}: {
  readonly room: Room;
  readonly series: readonly Series[];
  readonly points: readonly Point[];
}) {
  const pattern = usePattern();
  const wide = Math.min(WIDEST, room.slot * (1 - GAP));
  return points.map((point, index) => (
    <g key={point.label}>
      {stacked(point.values).map(({ from, to }, part) => {
        const one = series[part];
        if (one === undefined || to === from) return null;
        const y = room.y(to);
        const box = { x: room.x(index) - wide / 2, y, width: wide, height: Math.max(1, room.y(from) - y) };
        return (
          <g key={one.id}>
            <rect {...box} className={`chart-fill-${one.look}`} />
            <rect {...box} fill={pattern(one.look)} />
          </g>
        );
      })}
    </g>
  ));
}
