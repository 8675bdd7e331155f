/** One object's change, as the store has it afterwards. */
export interface Delta<T> {
  readonly type: 'Added' | 'Modified' | 'Deleted';
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface StoreOptions<T> {
  /** By name of the index: the values under which an object is found. */
  readonly indices?: Readonly<Record<string, (item: T, key: string) => Iterable<string>>>;
}

/** Objects by key, and by whatever indices say; each change costs what the object's own entries cost. */
export class Store<T> {
  readonly #items = new Map<string, T>();
  readonly #indices: ReadonlyMap<string, Index<T>>;

  constructor({ indices = {} }: StoreOptions<T> = {}) {
    this.#indices = new Map(Object.entries(indices).map(([name, valuesOf]) => [name, { valuesOf, keys: new Map() }]));
  }

  get size(): number {
    return this.#items.size;
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  keys(): Iterable<string> {
    return this.#items.keys();
  }

  values(): Iterable<T> {
    return this.#items.values();
  }

  /** The objects that the index has under this value. @throws Error when there is no such index. */
  *by(index: string, value: string): Generator<T> {
    const known = this.#indices.get(index);
    if (known === undefined) throw new Error(`the store has no index ${index}`);
    for (const key of known.keys.get(value) ?? []) {
      const item = this.#items.get(key);
      if (item !== undefined) yield item;
    }
  }

  /** Puts the object there, in the place of what was. An index that throws on it leaves everything as it was. */
  set(key: string, item: T): Delta<T> {
    const before = this.#items.get(key);
    const entries = Array.from(this.#indices.values(), ({ valuesOf, keys }) => ({
      keys,
      values: [...valuesOf(item, key)],
    }));
    if (before !== undefined) this.#unindex(key, before);
    this.#items.set(key, item);
    for (const { keys, values } of entries) {
      for (const value of values) {
        const found = keys.get(value);
        if (found === undefined) keys.set(value, new Set([key]));
        else found.add(key);
      }
    }
    return { type: before === undefined ? 'Added' : 'Modified', key, before, after: item };
  }

  /** Takes the object away; undefined where there is none. */
  delete(key: string): Delta<T> | undefined {
    const before = this.#items.get(key);
    if (before === undefined) return undefined;
    this.#unindex(key, before);
    this.#items.delete(key);
    return { type: 'Deleted', key, before, after: undefined };
  }

  #unindex(key: string, item: T): void {
    for (const { valuesOf, keys } of this.#indices.values()) {
      for (const value of valuesOf(item, key)) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  }
}

interface Index<T> {
  readonly valuesOf: (item: T, key: string) => Iterable<string>;
  readonly keys: Map<string, Set<string>>;
}
