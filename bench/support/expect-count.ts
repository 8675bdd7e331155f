/** @throws Error where so many are not there: the figures would mean nothing. @param what as in `3 sockets are open` */
export function expectCount(what: string, count: number, expected: number): void {
  if (count !== expected) throw new Error(`${what}: ${count} and not ${expected}, so the figures would mean nothing`);
}
