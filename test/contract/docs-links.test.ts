import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Every relative link of the documentation leads somewhere: a file of the checkout, and the heading that it names. */

const FILES = globSync('**/*.md', { exclude: ['**/node_modules/**', '.git/**'] }).toSorted();
const INLINE = /\[(?:[^\]\\]|\\.)*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const REFERENCE = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm;
const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;

/** The text without code, whose brackets are no links and whose `#` are no headings. */
function prose(text: string): string {
  return text.replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2[^\n]*$/gm, '').replace(/(`+)[^`]+?\1/g, 'code');
}

function linksOf(text: string): string[] {
  const found = [INLINE, REFERENCE].flatMap((pattern) => [...prose(text).matchAll(pattern)].map(([, to = '']) => to));
  return found.filter((to) => !ELSEWHERE.test(to));
}

/** As GitHub and GitLab make them of headings; a heading that comes again gets a number. */
function anchorsOf(text: string): Set<string> {
  const unfenced = text.replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2[^\n]*$/gm, '');
  const counts = new Map<string, number>();
  const anchors = [...unfenced.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading = '']) => {
    const shown = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
    const slug = shown
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = counts.get(slug) ?? 0;
    counts.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  return new Set(anchors);
}

/** What is wrong with a link, in words; undefined when it leads somewhere. */
function fault(from: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : join(dirname(from), decodeURIComponent(path));
  if (path.startsWith('/') || relative('.', target).startsWith('..')) return 'leads out of the checkout';
  if (!existsSync(target)) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (statSync(target).isDirectory() || !target.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(target, 'utf8')).has(anchor) ? undefined : 'there is no such heading';
}

describe('the links of', () => {
  it.each(FILES)('%s lead somewhere', (file) => {
    const links = linksOf(readFileSync(file, 'utf8'));
    const faults = links.flatMap((link) => {
      const found = fault(file, link);
      return found === undefined ? [] : [`${link}: ${found}`];
    });
    expect(faults).toEqual([]);
  });
});

describe('this test', () => {
  it('finds the documentation, and links in it', () => {
    expect(FILES).toContain('README.md');
    expect(FILES).toContain('ARCHITECTURE.md');
    expect(linksOf(readFileSync('README.md', 'utf8')).length).toBeGreaterThan(3);
  });

  it('finds links, but none in code or to elsewhere', () => {
    const text = [
      '[a](a.md) and [b `x`](b.md#part "title"), [web](https://example.org)',
      '`[no](code.md)`',
      '```yaml',
      '[no](fenced.md)',
      '```',
      '[ref]: c.md',
    ].join('\n');
    expect(linksOf(text)).toEqual(['a.md', 'b.md#part', 'c.md']);
  });

  it('tells what is wrong with a link', () => {
    expect(fault('docs/api.md', '../README.md')).toBeUndefined();
    expect(fault('docs/api.md', 'nope.md')).toBe('there is no such file');
    expect(fault('README.md', '#no-such-heading')).toBe('there is no such heading');
    expect(fault('README.md', '../else/README.md')).toBe('leads out of the checkout');
    expect(fault('README.md', '/README.md')).toBe('leads out of the checkout');
  });

  it('knows how headings become anchors', () => {
    expect([...anchorsOf('# What works\n## `weir capture` & more\n```sh\n# no heading\n```\n## What works\n')]).toEqual(
      ['what-works', 'weir-capture--more', 'what-works-1'],
    );
  });
});
