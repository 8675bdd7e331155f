/** docs/performance.md holds one section a bench between two markers; everything else in it is written by hand. */

/** The document with the bench's section replaced. Throws when the markers are missing. */
export function withSection(document: string, bench: string, section: string): string {
  const [open, close] = [`<!-- bench:${bench} -->`, `<!-- /bench:${bench} -->`];
  const [from, to] = [document.indexOf(open), document.indexOf(close)];
  if (from < 0 || to < from)
    throw new Error(`docs/performance.md has no section ${open} … ${close}: add the two lines`);
  return `${document.slice(0, from + open.length)}\n${section.trim()}\n${document.slice(to)}`;
}
