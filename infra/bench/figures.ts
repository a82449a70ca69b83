/** A series of measurements of one thing, in one unit. */
export interface Series {
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** One line of the benchmark: what Molo did, what physics or the bare tools allow or a peer did, and what was aimed at. */
export interface Figure {
  readonly name: string;
  readonly unit: 's' | 'ms' | 'MB' | 'B' | '%' | '/s' | 'lines' | '×' | '';
  readonly molo: Series;
  /** The same by the bare tools or by a peer, in the same run, alternating; null where nothing else can be done instead. */
  readonly floor: Series | null;
  readonly floorIs: string;
  readonly goal: string;
  readonly isMet: boolean;
  /** What else was counted, such as failed requests. */
  readonly notes: readonly string[];
}

export function seriesOf(values: readonly number[]): Series {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, count: sorted.length };
}

/** Of sorted values, between neighbours in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [below = 0, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

export interface Pair {
  readonly molo: number;
  readonly floor: number;
}

/** Both in turn, as often as asked, after one of each that does not count; so a machine whose speed drifts treats both alike. */
export async function inTurn(pairs: number, molo: (index: number) => Promise<number>, floor: (index: number) => Promise<number>, tell: (text: string) => void = () => undefined): Promise<Pair[]> {
  const measured: Pair[] = [];
  for (let index = 0; index <= pairs; index += 1) {
    const pair = index % 2 === 0 ? { molo: await molo(index), floor: await floor(index) } : await inverted(index, molo, floor);
    tell(lineOf(index, pairs, pair));
    if (index > 0) measured.push(pair);
  }
  return measured;
}

/** As `inTurn`, but both at the same time: for what takes so little of the machine that neither is in the other's way. */
export async function atOnce(pairs: number, molo: () => Promise<number>, floor: () => Promise<number>, tell: (text: string) => void = () => undefined): Promise<Pair[]> {
  const measured: Pair[] = [];
  for (let index = 0; index <= pairs; index += 1) {
    const [taken, least] = await Promise.all([molo(), floor()]);
    const pair = { molo: taken, floor: least };
    tell(lineOf(index, pairs, pair));
    if (index > 0) measured.push(pair);
  }
  return measured;
}

function lineOf(index: number, pairs: number, { molo, floor }: Pair): string {
  return `${index === 0 ? 'warm-up' : `${index}/${pairs}`}  ${molo.toFixed(3)}  ${floor.toFixed(3)}`;
}

async function inverted(index: number, molo: (index: number) => Promise<number>, floor: (index: number) => Promise<number>): Promise<Pair> {
  const second = await floor(index);
  return { molo: await molo(index), floor: second };
}

/** A figure whose goal is to be at most `mostOver` above the floor, pair by pair. */
export function overFloor(name: string, unit: Figure['unit'], pairs: readonly Pair[], { floorIs, mostOver, failed = 0, notes = [] }: { floorIs: string; mostOver: number; failed?: number; notes?: readonly string[] }): Figure {
  const over = seriesOf(pairs.map(({ molo, floor }) => molo - floor));
  return {
    ...compared(name, unit, pairs, floorIs),
    goal: `at most ${mostOver} ${unit} over`,
    isMet: over.median <= mostOver && failed === 0,
    notes: [`${over.median.toFixed(3)} ${unit} over in the median of ${over.count} pairs (${over.min.toFixed(3)} to ${over.max.toFixed(3)})`, ...notes],
  };
}

/** A figure whose goal is a ratio to the floor. */
export function ratioToFloor(name: string, unit: Figure['unit'], pairs: readonly Pair[], { floorIs, goal, isMet, notes = [] }: { floorIs: string; goal: string; isMet: (ratio: number) => boolean; notes?: readonly string[] }): Figure {
  const ratio = seriesOf(pairs.map(({ molo, floor }) => molo / floor));
  return {
    ...compared(name, unit, pairs, floorIs),
    goal,
    isMet: isMet(ratio.median),
    notes: [`${ratio.median.toFixed(3)} of it in the median of ${ratio.count} pairs (${ratio.min.toFixed(3)} to ${ratio.max.toFixed(3)})`, ...notes],
  };
}

function compared(name: string, unit: Figure['unit'], pairs: readonly Pair[], floorIs: string): Pick<Figure, 'name' | 'unit' | 'molo' | 'floor' | 'floorIs'> {
  return { name, unit, molo: seriesOf(pairs.map(({ molo }) => molo)), floor: seriesOf(pairs.map(({ floor }) => floor)), floorIs };
}
