/** Numbers at which an axis from 0 to at least `most` is marked: round ones, few of them. */
export function ticks(most: number, wanted = 4, whole = false): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough * (1 - 1e-9)) ?? 10;
  const step = whole ? Math.max(1, Math.ceil(factor * power)) : factor * power;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Where a value lies between 0 and `length`. */
export function linear(from: number, to: number, length: number): (value: number) => number {
  const width = to - from;
  return (value) => (width === 0 ? length / 2 : ((value - from) / width) * length);
}

/** Which of `count` labels are shown when only `room` fit: evenly, the first among them. */
export function shownLabels(count: number, room: number): number[] {
  if (count <= 0) return [];
  const every = Math.max(1, Math.ceil(count / Math.max(1, room)));
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}

/** `null` breaks a line: parts of at least one point. */
export function lineParts(
  points: readonly (readonly [number, number] | null)[],
): (readonly [number, number])[][] {
  const parts: (readonly [number, number])[][] = [[]];
  for (const point of points) {
    if (point !== null) parts.at(-1)?.push(point);
    else if (parts.at(-1)?.length !== 0) parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

export function stacked(values: readonly number[]): { readonly from: number; readonly to: number }[] {
  let sum = 0;
  return values.map((value) => {
    const from = sum;
    sum += Math.max(0, value);
    return { from, to: sum };
  });
}
