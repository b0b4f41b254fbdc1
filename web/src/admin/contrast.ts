export type Rgb = readonly [red: number, green: number, blue: number];

/** A colour as people write it in a field: `#1f5fbf` or `#abc`. Nothing else is taken. */
export function colour(text: string): Rgb | null {
  const digits = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (digits === undefined) return null;
  const full = digits.length === 3 ? [...digits].map((one) => one + one).join("") : digits;
  const part = (from: number) => Number.parseInt(full.slice(from, from + 2), 16);
  return [part(0), part(2), part(4)];
}

/** WCAG 2.2, "relative luminance". */
export function luminance([red, green, blue]: Rgb): number {
  const linear = (value: number) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** WCAG 2.2, "contrast ratio": 1 to 21; null where one of the two is no colour. */
export function contrast(one: string, other: string): number | null {
  const [first, second] = [colour(one), colour(other)];
  if (first === null || second === null) return null;
  const [a, b] = [luminance(first), luminance(second)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** Cut, never rounded up: 4.499 is not enough for 4.5, and must not be shown as if it were. */
export function shown(ratio: number): number {
  return Math.floor(ratio * 100) / 100;
}
