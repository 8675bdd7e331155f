import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The command as a person meets it: a process, its two streams and its exit status. Nothing here loads anything. */

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const SAMPLE = 'config/samples/machine.yaml';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-cli-'));
  chmodSync(directory, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** `before`: a command that runs this one, such as setpriv with its options. */
function weir(arguments_: readonly string[], { input = '', before = [] as readonly string[] } = {}): Ended {
  const [command = '', ...rest] = [...before, 'bin/weir', ...arguments_];
  const { status, stdout, stderr, error } = spawnSync(command, rest, { input, encoding: 'utf8', timeout: 20_000 });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** What it says of this text as a file, without the directory; nothing goes to stdout, and the status is 2. */
function refusal(text: string, ...more: string[]): string[] {
  const file = join(directory, 'x.yaml');
  writeFileSync(file, text);
  const { status, stdout, stderr } = weir(['capture', '-f', file, ...more]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  return stderr.replaceAll(`${directory}/`, '').trimEnd().split('\n');
}

function capture(spec: string): string {
  return `apiVersion: weir.dev/v1alpha1\nkind: FlowCapture\nmetadata: {name: a, namespace: shop}\nspec: ${spec}\n`;
}

describe('what a person asks of the command', () => {
  it('--version is that of the package', () => {
    expect(weir(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([[['--help']], [['capture', '--help']], [['check', '--help']]])(
    '%j explains itself on stdout',
    (arguments_) => {
      const { status, stdout, stderr } = weir(arguments_);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^Usage: weir /);
    },
  );

  it('every option of capture is in its help', () => {
    const { stdout } = weir(['capture', '--help']);
    const options = ['-f, --filename', '--inventory', '-o, --output', '--duration', '--ring-mebibytes'];
    expect(options.filter((option) => !stdout.includes(option))).toEqual([]);
    expect(stdout).toContain('Exit status: 0 ended as asked, 1 a fault, 2 wrong input, 3 this machine cannot.');
  });

  it('no command at all prints the help on stderr', () => {
    const { status, stdout, stderr } = weir([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: weir /);
  });

  it.each([
    [
      'an unknown command',
      ['captrue'],
      "error: unknown command 'captrue'\n(Did you mean capture?)\n(weir --help shows what there is)\n",
    ],
    ['an unknown option', ['--nope'], "error: unknown option '--nope'\n(weir --help shows what there is)\n"],
    [
      'an unknown option of capture',
      ['capture', '-f', SAMPLE, '--inventroy', 'x'],
      "error: unknown option '--inventroy'\n(Did you mean --inventory?)\n(weir capture --help shows what there is)\n",
    ],
    [
      'no file',
      ['capture'],
      "error: required option '-f, --filename <file...>' not specified\n(weir capture --help shows what there is)\n",
    ],
    [
      'a format that is none',
      ['capture', '-f', SAMPLE, '-o', 'xml'],
      "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, wide, json.\n(weir capture --help shows what there is)\n",
    ],
    [
      'a duration that is none',
      ['capture', '-f', SAMPLE, '--duration', '30'],
      "error: option '--duration <time>' argument '30' is invalid. write a duration such as 30s, 5m or 1h30m.\n(weir capture --help shows what there is)\n",
    ],
    [
      'a ring that is no power of two',
      ['capture', '-f', SAMPLE, '--ring-mebibytes', '3'],
      "error: option '--ring-mebibytes <n>' argument '3' is invalid. write a power of two from 1 to 1024.\n(weir capture --help shows what there is)\n",
    ],
    [
      'a format of check that is none',
      ['check', '-o', 'wide'],
      "error: option '-o, --output <format>' argument 'wide' is invalid. Allowed choices are table, json.\n(weir check --help shows what there is)\n",
    ],
    [
      'a port that is none',
      ['agent', '--node', 'a', '--profile-port', '0.0.0.0:6060'],
      "error: option '--profile-port <port>' argument '0.0.0.0:6060' is invalid. write a port, such as 6060.\n(weir agent --help shows what there is)\n",
    ],
    ['a file that is missing', ['capture', '-f', 'nope.yaml'], 'cannot read nope.yaml: there is no such file\n'],
    ['a directory', ['capture', '-f', 'config'], 'cannot read config: it is a directory; name the files in it\n'],
  ])('%s is refused with what to write instead', (_, arguments_, stderr) => {
    expect(weir(arguments_)).toEqual({ status: 2, stdout: '', stderr });
  });
});

describe('wrong input names file, line, column, field and what was expected; nothing is loaded', () => {
  it.each([
    [
      'broken YAML',
      'apiVersion: [\n',
      [
        'x.yaml:2:1: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    [
      'an unknown field',
      capture('{podSelektor: {}}'),
      ['x.yaml:4:8: spec.podSelektor: unknown field; did you mean podSelector?'],
    ],
    ['a wrong type', capture('{protocols: TCP}'), ['x.yaml:4:19: spec.protocols: expected a list, got "TCP"']],
    [
      'a value that is none of the choices',
      capture('{protocols: [tpc]}'),
      ['x.yaml:4:20: spec.protocols[0]: expected one of TCP, UDP, DNS, HTTP, Drops, got "tpc"'],
    ],
    [
      'a broken rule',
      'apiVersion: weir.dev/v1alpha1\nkind: FlowExport\nmetadata: {name: a}\nspec: {}\n',
      ['x.yaml:4:7: spec: give exactly one destination: stdout, file, otlp,'],
    ],
    [
      'a field that is not honoured yet',
      capture('{protocols: [TCP, UDP]}'),
      ['x.yaml:4:25: spec.protocols[1]: UDP is not honoured by this version of Weir (it honours TCP)'],
    ],
    [
      'an export that is missing',
      capture('{exports: [{name: nope}]}'),
      ['x.yaml:4:25: spec.exports[0].name: there is no FlowExport shop/nope, nor any other: add one of that name'],
    ],
    [
      'labels without an inventory',
      capture('{podSelector: {matchLabels: {app: web}}}'),
      [
        'x.yaml:4:21: spec.podSelector: FlowCapture shop/a selects by label, but no pods are known here: name them with --inventory FILE',
      ],
    ],
    [
      'two faults, both',
      capture('{podSelektor: {}, protocols: TCP}'),
      [
        'x.yaml:4:8: spec.podSelektor: unknown field; did you mean podSelector?',
        'x.yaml:4:36: spec.protocols: expected a list, got "TCP"',
      ],
    ],
  ])('%s', (_, text, starts) => {
    const lines = refusal(text);
    expect(lines.map((line, index) => line.slice(0, starts[index]?.length))).toEqual(starts);
  });

  it('an inventory with a fault is refused at its own place', () => {
    const inventory = join(directory, 'pods.yaml');
    writeFileSync(inventory, 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n');
    const [line] = refusal(capture('{}'), '--inventory', inventory);
    expect(line).toMatch(/^pods\.yaml:3:11: metadata: the cgroup of this pod cannot be found: write its path into /);
  });

  it('a file on stdin is called <stdin>', () => {
    const { status, stderr } = weir(['capture', '-f', '-'], { input: capture('{podSelektor: {}}') });
    expect(status).toBe(2);
    expect(stderr).toBe('<stdin>:4:8: spec.podSelektor: unknown field; did you mean podSelector?\n');
  });

  it('text that a terminal would obey is shown escaped', () => {
    const [line] = refusal(capture('{"\\e[2J": {}}'));
    expect(line).toContain(String.raw`\x1b[2J`);
    expect(line).not.toContain('\u001b');
  });
});

describe('without the privileges', () => {
  const drop = ['setpriv', '--inh-caps=-all', '--bounding-set=-all'];
  const root = process.getuid?.() === 0;
  const needed =
    'capturing needs CAP_BPF and CAP_PERFMON: run weir as root, or in a container with capabilities.add [BPF, PERFMON]\n' +
    'weir check tells what capturing needs and what is missing here\n';

  it('the command says what is missing and how to get it', () => {
    const ended = weir(['capture', '-f', SAMPLE], { before: root ? drop : [] });
    expect(ended).toEqual({ status: 3, stdout: '', stderr: needed });
  });

  it('wrong input is told first: whoever writes it need not be root', () => {
    const { status, stderr } = weir(['capture', '-f', '-'], { before: root ? drop : [], input: capture('{x: 1}') });
    expect(status).toBe(2);
    expect(stderr).toContain('<stdin>:4:8: spec.x: unknown field');
  });

  it('a file that may not be read is told by name', () => {
    const secret = join(directory, 'secret.yaml');
    writeFileSync(secret, capture('{}'), { mode: 0 });
    const { status, stderr } = weir(['capture', '-f', secret], { before: root ? drop : [] });
    expect({ status, stderr }).toEqual({ status: 2, stderr: `cannot read ${secret}: permission denied\n` });
  });
});
