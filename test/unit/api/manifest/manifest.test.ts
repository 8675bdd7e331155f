import { describe, expect, test } from 'vitest';
import { duplicateObjects } from '../../../../src/api/manifest/duplicates.ts';
import { makeKind } from '../../../../src/api/manifest/kinds.ts';
import { type LocatedObject, parseManifest } from '../../../../src/api/manifest/manifest.ts';
import { formatProblem } from '../../../../src/api/manifest/problem.ts';
import { isFlowCapture, isFlowExport } from '../../../../src/api/objects.ts';
import { KINDS } from '../../../support/manifests/kinds.ts';

const HEAD = 'apiVersion: weir.dev/v1alpha1\nkind: FlowCapture\n';
const EXPORT = 'apiVersion: weir.dev/v1alpha1\nkind: FlowExport\n';
const UNDERSTOOD = 'understood: FlowCapture (weir.dev/v1alpha1), FlowExport (weir.dev/v1alpha1)';

function read(file: string, text: string): LocatedObject[] {
  return parseManifest(text, file, KINDS).objects;
}

function podText(nodeName: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: a, uid: u}\nspec: {nodeName: ${nodeName}, containers: [{}]}\nstatus: {port: http}\n`;
}

function problemsOf(text: string): string[] {
  return parseManifest(text, 'a.yaml', KINDS).problems.map(formatProblem);
}

describe('an accepted object', () => {
  const text = `${HEAD}metadata: {name: checkout, labels: {team: shop}, creationTimestamp: null}\nspec: {}\nstatus: {matchedPods: many}\n`;
  const [object] = parseManifest(text, 'a.yaml', KINDS).objects;

  test('is as the API server would store it: defaults filled in, status left out, namespace default', () => {
    expect(object?.value).toEqual({
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'FlowCapture',
      metadata: { name: 'checkout', namespace: 'default', labels: { team: 'shop' } },
      spec: {
        protocols: ['TCP'],
        direction: 'Any',
        sampling: { oneIn: 1 },
        reporting: { activeSeconds: 60, idleSeconds: 15 },
        limits: { flowsPerSecond: 20000 },
        suspend: false,
      },
    });
  });

  test('knows what the file says itself', () => {
    expect(object?.isGiven(['metadata', 'labels', 'team'])).toBe(true);
    expect(object?.isGiven(['metadata', 'creationTimestamp'])).toBe(false);
    expect(object?.isGiven(['spec', 'sampling'])).toBe(false);
  });

  test('gives a later problem the place of the field, or of its nearest parent', () => {
    expect(object?.problemAt(['metadata', 'labels', 'team'], 'm', 'e')).toMatchObject({ line: 3, column: 43 });
    expect(object?.problemAt(['spec', 'sampling', 'oneIn'], 'm', 'e')).toEqual({
      file: 'a.yaml',
      line: 4,
      column: 7,
      path: 'spec.sampling.oneIn',
      message: 'm',
      expected: 'e',
    });
  });
});

describe('a file may hold', () => {
  test('several documents, empty ones among them, and JSON', () => {
    const json = '{"apiVersion":"weir.dev/v1alpha1","kind":"FlowExport","metadata":{"name":"b"},"spec":{"stdout":{}}}';
    const text = `# first\n---\n${HEAD}metadata: {name: a}\nspec: {}\n---\n---\n# nothing\n---\n${json}\n`;
    const { objects, problems } = parseManifest(text, 'a.yaml', KINDS);
    expect(problems).toEqual([]);
    expect(objects.map(({ kind, name }) => `${kind}/${name}`)).toEqual(['FlowCapture/a', 'FlowExport/b']);
    expect(objects.map((object) => [isFlowCapture(object), isFlowExport(object)])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test('a List as kubectl writes it, whose entries keep their own paths and places', () => {
    const text =
      'apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ""}\nitems:\n' +
      '- {apiVersion: weir.dev/v1alpha1, kind: FlowCapture, metadata: {name: a, uid: "1"}, spec: {}}\n' +
      '- {apiVersion: weir.dev/v1alpha1, kind: FlowCapture, metadata: {name: b}, spec: {suspend: 1}}\n';
    const { objects, problems } = parseManifest(text, 'a.yaml', KINDS);
    expect(objects.map(({ name }) => name)).toEqual(['a']);
    expect(problems.map(formatProblem)).toEqual(['a.yaml:6:91: spec.suspend: expected true or false, got 1']);
  });

  test('anchors and aliases', () => {
    const text = `${HEAD}metadata: {name: &name a, labels: {app: *name}}\nspec: {podSelector: {matchLabels: {app: *name}}}\n`;
    const [object] = parseManifest(text, 'a.yaml', KINDS).objects;
    expect(object?.value).toMatchObject({ spec: { podSelector: { matchLabels: { app: 'a' } } } });
  });

  test('keys that mean something to JavaScript, as keys like any other', () => {
    const text = `${HEAD}metadata: {name: a}\nspec: {podSelector: {matchLabels: {__proto__: a, constructor: b, hasOwnProperty: c}}}\n`;
    const { objects, problems } = parseManifest(text, 'a.yaml', KINDS);
    expect(problems).toEqual([]);
    expect(JSON.stringify(objects[0]?.value)).toContain('{"__proto__":"a","constructor":"b","hasOwnProperty":"c"}');
    expect(problemsOf(`${HEAD}metadata: {name: a}\nspec: {__proto__: {suspend: true}}\n`)).toEqual([
      expect.stringMatching(/^a\.yaml:4:8: spec\.__proto__: unknown field; known here: podSelector, /),
    ]);
  });
});

describe('a file that cannot be used says why', () => {
  const meta = 'metadata: {name: a}\n';
  test.each([
    [
      'no object',
      '# nothing\n---\n',
      '1:1: the file holds no object; write an object of kind FlowCapture or FlowExport',
    ],
    ['no text', '', '1:1: the file holds no object; write an object of kind FlowCapture or FlowExport'],
    ['not an object', '- a\n', `1:1: expected an object with apiVersion and kind; ${UNDERSTOOD}`],
    ['another kind', 'apiVersion: v1\nkind: Pod\n', `2:7: kind: "Pod" is not understood; ${UNDERSTOOD}`],
    [
      'a kind misspelt',
      'apiVersion: weir.dev/v1alpha1\nkind: Flowcapture\n',
      `2:7: kind: "Flowcapture" is not understood; did you mean FlowCapture? ${UNDERSTOOD}`,
    ],
    ['no kind', 'spec: {}\n', `1:1: kind: required; ${UNDERSTOOD}`],
    [
      'another version',
      'apiVersion: weir.dev/v1\nkind: FlowCapture\n',
      `1:13: apiVersion: "weir.dev/v1" is not understood; ${UNDERSTOOD}`,
    ],
    ['no version', 'kind: FlowCapture\n', `1:1: apiVersion: required; ${UNDERSTOOD}`],
    [
      'no metadata',
      `${HEAD}spec: {}\n`,
      '1:1: metadata: required; add an object, such as {name: checkout, namespace: shop}',
    ],
    ['no name', `${HEAD}metadata: {}\nspec: {}\n`, '3:11: metadata.name: required; add a string, such as checkout'],
    [
      'no spec',
      `${HEAD}${meta}`,
      '1:1: spec: required; add an object, such as {podSelector: {matchLabels: {app: checkout}}, exports: [{name: archive}]}',
    ],
    [
      'a name in capitals',
      `${HEAD}metadata: {name: Checkout}\nspec: {}\n`,
      '3:18: metadata.name: expected text such as checkout, got "Checkout"',
    ],
    [
      'a namespace with a dot',
      `${HEAD}metadata: {name: a, namespace: a.b}\nspec: {}\n`,
      '3:32: metadata.namespace: expected text such as shop, got "a.b"',
    ],
    [
      'a label that is no name',
      `${HEAD}metadata: {name: a, labels: {"a b": x}}\nspec: {}\n`,
      '3:30: metadata.labels["a b"]: expected a name such as app or app.kubernetes.io/name',
    ],
    [
      'a label that is a number',
      `${HEAD}metadata: {name: a, labels: {a: 1}}\nspec: {}\n`,
      '3:33: metadata.labels.a: expected a string, got 1; put it in quotes',
    ],
    [
      'an annotation that is a boolean',
      `${HEAD}metadata: {name: a, annotations: {a: true}}\nspec: {}\n`,
      '3:38: metadata.annotations.a: expected a string, got true; put it in quotes',
    ],
    [
      'metadata misspelt',
      `${HEAD}metadata: {name: a, namspace: b}\nspec: {}\n`,
      '3:21: metadata.namspace: unknown field; did you mean namespace?',
    ],
    [
      'a field of another level',
      `${HEAD}${meta}protocols: [TCP]\nspec: {}\n`,
      '4:1: protocols: unknown field; known here: apiVersion, kind, metadata, spec, status',
    ],
    ['a List without a list', 'apiVersion: v1\nkind: List\nitems: 1\n', '3:8: items: expected the list of objects'],
    ['broken YAML', 'a: b: c\n', '1:4: this is not YAML: Nested mappings are not allowed in compact mappings'],
    [
      'a key twice',
      `${HEAD}${meta}spec: {suspend: true,\n  suspend: false}\n`,
      '5:3: the key "suspend" stands here for the second time; remove one',
    ],
    [
      'a merge key',
      `${HEAD}${meta}spec: {<<: {suspend: true}}\n`,
      '4:8: merge keys are not understood; write the fields out',
    ],
    [
      'a tag',
      `${HEAD}${meta}spec: {suspend: !!bool "true"}\n`,
      '4:24: the tag "tag:yaml.org,2002:bool" means nothing here; remove it',
    ],
    ['a key that is a list', '[a]: b\n', '1:1: a key must be a word; a value may be missing its "key:"'],
    ['an alias of itself', 'a: &a [*a]\n', '1:7: nested deeper than 64 levels'],
    ['65 levels', `${'['.repeat(66)}${']'.repeat(66)}\n`, '1:66: nested deeper than 64 levels'],
    [
      'a line that a terminal would obey',
      `${HEAD}${meta}spec: {direction: "\\e[31m\\u202e"}\n`,
      String.raw`4:19: spec.direction: expected one of Any, Outbound, Inbound, got "\x1b[31m\u202e"`,
    ],
  ])('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual([`a.yaml:${expected}`]);
  });

  test('an alias without an anchor', () => {
    expect(problemsOf('a: *b\n')[0]).toMatch(/^a\.yaml:1:4: .*\bb\b/);
  });

  test('every problem of a file, in the order of the file', () => {
    const text = `${HEAD}metadata: {name: A}\nspec:\n  suspend: 1\n  peers: [{}]\n---\n${EXPORT}metadata: {name: b}\nspec: {}\n`;
    expect(problemsOf(text)).toEqual([
      'a.yaml:3:18: metadata.name: expected text such as checkout, got "A"',
      'a.yaml:5:12: spec.suspend: expected true or false, got 1',
      'a.yaml:6:11: spec.peers[0].action: required; add a string, such as Exclude',
      expect.stringMatching(/^a\.yaml:11:7: spec: give exactly one destination: /),
    ]);
  });

  test('a hundred problems and how many more there are', () => {
    const fields = Array.from({ length: 130 }, (_, i) => `  field${i}: 1\n`).join('');
    const problems = problemsOf(`${HEAD}${meta}spec:\n${fields}`);
    expect(problems.length).toBe(101);
    expect(problems[100]).toBe('a.yaml:104:3: 30 more problems are not shown; correct these first');
  });
});

test('two objects of one name are a problem of the second, across files', () => {
  const one = read(
    'a.yaml',
    `${HEAD}metadata: {name: a}\nspec: {}\n---\n${EXPORT}metadata: {name: a}\nspec: {stdout: {}}\n`,
  );
  const two = read(
    'b.yaml',
    `${HEAD}metadata: {name: a, namespace: other}\nspec: {}\n---\n${HEAD}metadata: {name: a, namespace: default}\nspec: {}\n`,
  );
  expect(duplicateObjects([...one, ...two]).map(formatProblem)).toEqual([
    'b.yaml:8:18: metadata.name: the FlowCapture a stands in a.yaml:3 already; rename or remove one of the two',
  ]);
});

test('a kind of another schema goes through the same front end, unknown fields kept where it says so', () => {
  const pod = makeKind({
    apiVersion: 'v1',
    kind: 'Pod',
    namespaced: true,
    statusSubresource: false,
    schema: {
      type: 'object',
      properties: {
        metadata: { type: 'object', properties: { uid: { type: 'string', minLength: 1 } } },
        spec: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { nodeName: { type: 'string' } },
        },
        status: { type: 'object', properties: { port: { 'x-kubernetes-int-or-string': true } } },
      },
    },
  });
  const accepted = parseManifest(podText('node'), 'a.yaml', [pod]);
  expect(accepted.problems).toEqual([]);
  expect(accepted.objects[0]?.value).toMatchObject({ spec: { containers: [{}] }, status: { port: 'http' } });
  expect(parseManifest(podText('1'), 'a.yaml', [pod]).problems.map(formatProblem)).toEqual([
    'a.yaml:4:18: spec.nodeName: expected a string, got 1; put it in quotes',
  ]);
});
