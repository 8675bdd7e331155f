/** A capture as far as the exports matter. */
export interface CaptureRoute {
  /** How sets and ledgers refer to it. */
  readonly index: number;
  /** `namespace/name`. */
  readonly name: string;
  /** Which object of that name; absent for one out of a file. */
  readonly uid?: string;
  /** Indexes of its exports. */
  readonly exports: readonly number[];
  /** One connection in this many; absent: every one. */
  readonly oneIn?: number;
}

/** What one export gets of a flow. */
export interface Leg {
  readonly exportIndex: number;
  /** Names of the captures that feed this export; one array for the same captures, so it stands for them. */
  readonly names: readonly string[];
  /** The sampling of each of these captures: what a record of it stands for. */
  readonly oneIn: number;
}

/** Where the flows of one list of captures go. */
export interface Route {
  readonly captures: readonly number[];
  readonly legs: readonly Leg[];
  /** Captures with several exports: their outcome is known only when all of these are. */
  readonly joint: readonly number[];
  /** Captures without an export. */
  readonly unexported: readonly number[];
  /** Captures that are in the plan no more: the kernel had seen the flow before. */
  readonly ended: readonly number[];
}

/** The captures behind a leg's names: those whose only export it is, and those that have others too. */
export interface Feeders {
  readonly sole: readonly number[];
  readonly joint: readonly number[];
}

/** Lists of captures come from the sets of the plan, few; this only keeps a fault there from filling the memory. */
const MAX_ROUTES = 4096;

/** Routes by list of captures, made on the first flow that matches the list. */
export class RouteTable {
  #captures: ReadonlyMap<number, CaptureRoute>;
  readonly #routes = new Map<string, Route>();
  #byList = new WeakMap<readonly number[], Route>();
  /** Also those of routes that are gone: flows that took them are on their way. */
  readonly #feeders = new WeakMap<readonly string[], Feeders>();

  constructor(captures: readonly CaptureRoute[]) {
    this.#captures = byIndex(captures);
  }

  /** From now on flows go where these captures say; those that are on their way go on. */
  adopt(captures: readonly CaptureRoute[]): void {
    this.#captures = byIndex(captures);
    this.#routes.clear();
    this.#byList = new WeakMap();
  }

  /** In the plan's order. */
  get captures(): Iterable<CaptureRoute> {
    return this.#captures.values();
  }

  /** Of a capture that is in the plan. */
  exportsOf(capture: number): readonly number[] {
    return this.#captures.get(capture)?.exports ?? [];
  }

  /** @param captures by index, each once; an interned list is found fastest. */
  route(captures: readonly number[]): Route {
    const known = this.#byList.get(captures);
    if (known !== undefined) return known;
    const key = captures.join();
    let route = this.#routes.get(key);
    if (route === undefined) {
      if (this.#routes.size === MAX_ROUTES) this.#routes.clear();
      route = this.#plan([...captures]);
      this.#routes.set(key, route);
    }
    this.#byList.set(captures, route);
    return route;
  }

  /** The captures that fed a leg, by its `names`. */
  feeders(names: readonly string[]): Feeders | undefined {
    return this.#feeders.get(names);
  }

  #plan(captures: readonly number[]): Route {
    const exportsOf = (capture: number) => this.exportsOf(capture);
    const namesByFeeders = new Map<string, readonly string[]>();
    const oneInOf = (capture: number) => this.#captures.get(capture)?.oneIn ?? 1;
    const targets = [...new Set(captures.flatMap(exportsOf))].flatMap((exportIndex) => {
      const feeding = captures.filter((capture) => exportsOf(capture).includes(exportIndex));
      // A record says how to scale it: captures that sample differently get one each.
      return [...Map.groupBy(feeding, oneInOf)].map(([oneIn, alike]) => ({ exportIndex, oneIn, feeding: alike }));
    });
    const legs = targets.map(({ exportIndex, oneIn, feeding }) => {
      const names =
        namesByFeeders.get(feeding.join()) ?? feeding.map((capture) => this.#captures.get(capture)?.name ?? '');
      namesByFeeders.set(feeding.join(), names);
      this.#feeders.set(names, {
        sole: feeding.filter((capture) => exportsOf(capture).length === 1),
        joint: feeding.filter((capture) => exportsOf(capture).length > 1),
      });
      return { exportIndex, names, oneIn };
    });
    const running = captures.filter((capture) => this.#captures.has(capture));
    return {
      captures: running,
      legs,
      joint: running.filter((capture) => exportsOf(capture).length > 1),
      unexported: running.filter((capture) => exportsOf(capture).length === 0),
      ended: captures.filter((capture) => !this.#captures.has(capture)),
    };
  }
}

function byIndex(captures: readonly CaptureRoute[]): ReadonlyMap<number, CaptureRoute> {
  return new Map(
    captures.map((capture) => [capture.index, { ...capture, exports: [...new Set(capture.exports)] }] as const),
  );
}
