/** Curves over time as an SVG picture, one panel below the other. */

export interface Panel {
  readonly title: string;
  /** Of the values, as it stands at the axis. */
  readonly unit: string;
  /** The time of each value. */
  readonly minutes: readonly number[];
  /** By name; all have a value for each of these times. */
  readonly curves: Readonly<Record<string, readonly number[]>>;
}

const WIDTH = 860;
const PANEL_HEIGHT = 150;
const TITLE_HEIGHT = 34;
const [LEFT, RIGHT, TOP, BOTTOM] = [74, 20, 26, 26] as const;
const COLOURS = ['#1f6feb', '#d1570d', '#1a7f37', '#8250df'];
const TICKS = 5;
const STEPS = [1, 2, 2.5, 5, 10];

/** All panels have the same axis of time. */
export function lineChart(title: string, panels: readonly Panel[]): string {
  const last = Math.max(...panels.flatMap(({ minutes }) => minutes));
  const height = TITLE_HEIGHT + panels.length * (TOP + PANEL_HEIGHT + BOTTOM);
  const drawn = panels.map((panel, at) => {
    const y = TITLE_HEIGHT + at * (TOP + PANEL_HEIGHT + BOTTOM);
    return `<g transform="translate(0 ${y})">${panelText(panel, last)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="15" font-weight="bold" fill="#1f2328">${escaped(title)}</text>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** All axes begin at zero: what grows is seen against what is there. */
function panelText({ title, unit, minutes, curves }: Panel, last: number): string {
  const top = niceTop(Math.max(...Object.values(curves).flat()));
  const x = (minute: number) => LEFT + (minute / (last || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + PANEL_HEIGHT * (1 - value / top);
  const levels = Array.from({ length: TICKS + 1 }, (_, tick) => (top * tick) / TICKS);
  const step = niceTop(last / 6);
  const times = Array.from({ length: Math.floor(last / step) + 1 }, (_, tick) => tick * step);
  const names = Object.keys(curves);
  return [
    `<text x="${LEFT}" y="${TOP - 9}" fill="#1f2328">${escaped(title)} <tspan fill="#656d76">(${escaped(unit)})</tspan></text>`,
    ...(names.length > 1 ? names.map(legend) : []),
    ...levels.map(
      (level) =>
        `<path d="M${LEFT} ${y(level).toFixed(1)}H${WIDTH - RIGHT}" stroke="#d0d7de"/>` +
        `<text x="${LEFT - 8}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end" fill="#656d76">${level.toLocaleString('en-GB')}</text>`,
    ),
    ...times.map(
      (time) =>
        `<text x="${x(time).toFixed(1)}" y="${TOP + PANEL_HEIGHT + 16}" text-anchor="middle" fill="#656d76">${time} min</text>`,
    ),
    ...Object.values(curves).map((values, at) => {
      const points = values.map((value, nth) => `${x(minutes[nth] ?? 0).toFixed(1)},${y(value).toFixed(1)}`);
      return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour(at)}" stroke-width="1.4"/>`;
    }),
  ].join('\n');
}

function legend(name: string, at: number, names: readonly string[]): string {
  const x = WIDTH - RIGHT - (names.length - at) * 150;
  return `<path d="M${x} ${TOP - 13}h18" stroke="${colour(at)}" stroke-width="3"/><text x="${x + 24}" y="${TOP - 9}" fill="#1f2328">${escaped(name)}</text>`;
}

function colour(at: number): string {
  return COLOURS[at % COLOURS.length] ?? '#000';
}

/** The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below the value. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return (STEPS.find((step) => step * power >= value) ?? 10) * power;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
