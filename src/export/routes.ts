/** A capture as far as the exports matter: positions are the plan's. */
export interface CaptureRoute {
  /** `namespace/name`. */
  readonly name: string;
  /** Positions of its exports. */
  readonly exports: readonly number[];
}

/** What one export gets of a flow. */
export interface Leg {
  readonly exportIndex: number;
  /** Names of the captures that feed this export; one array for the same captures, so it stands for them. */
  readonly names: readonly string[];
}

/** Where the flows of one list of captures go. */
export interface Route {
  readonly captures: readonly number[];
  readonly legs: readonly Leg[];
  /** Captures with several exports: their outcome is known only when all of these are. */
  readonly joint: readonly number[];
  /** Captures without an export. */
  readonly unexported: readonly number[];
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
  readonly captures: readonly CaptureRoute[];
  readonly #routes = new Map<string, Route>();
  readonly #byList = new WeakMap<readonly number[], Route>();
  readonly #feeders = new WeakMap<readonly string[], Feeders>();

  constructor(captures: readonly CaptureRoute[]) {
    this.captures = captures.map(({ name, exports }) => ({ name, exports: [...new Set(exports)] }));
  }

  /** @param captures positions, each once; an interned list is found fastest. */
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
    const exportsOf = (capture: number) => this.captures[capture]?.exports ?? [];
    const namesByFeeders = new Map<string, readonly string[]>();
    const legs = [...new Set(captures.flatMap(exportsOf))].map((exportIndex) => {
      const feeding = captures.filter((capture) => exportsOf(capture).includes(exportIndex));
      const names = namesByFeeders.get(feeding.join()) ?? feeding.map((capture) => this.captures[capture]?.name ?? '');
      namesByFeeders.set(feeding.join(), names);
      this.#feeders.set(names, {
        sole: feeding.filter((capture) => exportsOf(capture).length === 1),
        joint: feeding.filter((capture) => exportsOf(capture).length > 1),
      });
      return { exportIndex, names };
    });
    return {
      captures,
      legs,
      joint: captures.filter((capture) => exportsOf(capture).length > 1),
      unexported: captures.filter((capture) => exportsOf(capture).length === 0),
    };
  }
}
