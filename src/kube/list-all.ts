import type { KubeClient, Selection } from './client.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';

const PAGE_SIZE = 500;

/** Every object of a kind, page by page: for who looks once. Fails as a request does. */
export async function listAll<Kind extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  selection: Selection = {},
): Promise<readonly Kind[]> {
  const items: Kind[] = [];
  let token: string | undefined;
  do {
    const page = await client.list<Kind>(resource, { ...selection, limit: PAGE_SIZE, continue: token });
    items.push(...page.items);
    token = page.continue;
  } while (token !== undefined);
  return items;
}
