/**
 * The same tasks when each has come to its end, in whatever way: what is cleared away after the failure of one is not being
 * used by another any more.
 */
export async function ended<T extends readonly Promise<unknown>[]>(tasks: T): Promise<T> {
  await Promise.allSettled(tasks);
  return tasks;
}
