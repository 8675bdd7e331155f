const AT_ONCE = 16;

/** Makes so many things, several at once. */
export async function inParallel(count: number, make: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const at = next;
      next += 1;
      await make(at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
