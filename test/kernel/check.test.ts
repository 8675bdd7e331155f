import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/agent/check/finding.ts';
import { judgePrograms, tryPrograms } from '../../src/agent/check/programs.ts';
import type { CheckReport } from '../../src/cli/check.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { findCgroup2 } from '../support/lab/cgroup2.ts';

/** `weir check` on this machine as it is, and with one thing after the other really taken away. */

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const IDS = [
  'kernel',
  'btf',
  'tracepoint',
  'iterators',
  'ringBuffer',
  'bpfSyscall',
  'capabilities',
  'libbpf',
  'programs',
  'cgroup2',
  'bpffs',
  'pidNamespace',
];
const UNTRIED = { id: 'programs', state: 'missing', found: 'not tried', remedy: 'what else is missing first' };
const CAPABILITIES_REMEDY = 'run weir as root, or in a container with capabilities.add [BPF, PERFMON]';

/** As a container runtime's profile that does not know bpf(2); `$1` is the command that runs under it. */
const SECCOMP = `
import ctypes, os, platform, struct, sys
number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(text)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(22, 2, program) != 0: sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
`;

function weirCheck(before: readonly string[] = [], ...flags: readonly string[]): Ended {
  const [command = '', ...rest] = [...before, 'bin/weir', 'check', ...flags];
  const { status, stdout, stderr, error } = spawnSync(command, rest, { encoding: 'utf8', timeout: 30_000 });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** Its report; it has said nothing else. */
function reportOf(before: readonly string[] = []): { readonly status: number | null; readonly report: CheckReport } {
  const { status, stdout, stderr } = weirCheck(before, '-o', 'json');
  expect(stderr).toBe('');
  return { status, report: JSON.parse(stdout) };
}

function without(...capabilities: readonly string[]): readonly string[] {
  const dropped = ['sys_admin', ...capabilities].map((name) => `-${name}`).join(',');
  return ['setpriv', `--inh-caps=${dropped}`, `--bounding-set=${dropped}`];
}

/** A command that runs these words of a shell in mounts of its own, and then what stands behind it. */
function withMounts(script: string): readonly string[] {
  return ['unshare', '--mount', 'sh', '-c', `${script} && exec "$0" "$@"`];
}

/** What this process holds of programs, maps, links and types. */
function bpfDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return /^anon_inode:(?:bpf|btf).*/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
    } catch {
      // Of the listing itself, which has ended.
      return [];
    }
  });
}

describe.runIf(mayCapture)(`weir check${whySkipped}`, () => {
  let whole: ReturnType<typeof reportOf>;

  beforeAll(() => {
    whole = reportOf();
  });

  /** The exit status, and the findings that are not those of the whole machine. */
  function changed(before: readonly string[]): {
    readonly status: number | null;
    readonly findings: readonly Finding[];
  } {
    const { status, report } = reportOf(before);
    expect(report.canCaptureTcp).toBe(status === 0);
    const known = new Set(whole.report.checks.map((finding) => JSON.stringify(finding)));
    return { status, findings: report.checks.filter((finding) => !known.has(JSON.stringify(finding))) };
  }

  it('finds that this machine can capture, and says of each thing how it is', () => {
    const { status, report } = whole;
    expect(status).toBe(0);
    expect(report).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/), canCaptureTcp: true });
    expect(report.checks.map(({ id }) => id)).toEqual(IDS);
    expect(report.checks.find(({ id }) => id === 'kernel')?.found).toContain(report.kernel);
    // Whether it lets socket storage be walked, is the kernel's choice.
    const programs = report.checks.find(({ id }) => id === 'programs');
    expect([judgePrograms('storage'), judgePrograms('files')]).toContainEqual(programs);
    expect(programs).toEqual(judgePrograms(tryPrograms()));
  });

  it('says the same to a person', () => {
    const { status, stdout, stderr } = weirCheck();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n');
    for (const { state, found } of whole.report.checks) {
      expect(lines.filter((line) => line.startsWith(state) && line.endsWith(`  ${found}`))).toHaveLength(1);
    }
    expect(lines.at(-2)).toMatch(/^TCP can be captured here/);
  });

  it('leaves nothing in the kernel', () => {
    expect(tryPrograms()).toMatch(/^(?:storage|files)$/);
    expect(bpfDescriptors()).toEqual([]);
  });

  it.each([
    ['CAP_BPF', without('bpf')],
    ['CAP_PERFMON', without('perfmon')],
    ['CAP_BPF and CAP_PERFMON', without('bpf', 'perfmon')],
  ])('without %s: cannot, and names it', (names, before) => {
    expect(changed(before)).toEqual({
      status: 3,
      findings: [
        { id: 'capabilities', state: 'missing', found: `capturing needs ${names}`, remedy: CAPABILITIES_REMEDY },
        UNTRIED,
      ],
    });
  });

  it('with the two capabilities alone: can, as with all', () => {
    const all = ['setpriv', '--inh-caps=-all,+bpf,+perfmon', '--bounding-set=-all,+bpf,+perfmon'];
    const { status, findings } = changed(all);
    expect(status).toBe(0);
    // Root without its power over files may not write there.
    expect(findings.filter(({ id }) => id !== 'bpffs')).toEqual([]);
  });

  it('in a user namespace: cannot, whatever capabilities it shows', () => {
    const { status, findings } = changed(['unshare', '--user', '--map-root-user']);
    expect(status).toBe(3);
    expect(findings.filter(({ id }) => id !== 'bpffs')).toEqual([
      expect.objectContaining({ id: 'capabilities', found: 'those of a user namespace, which do not count' }),
      UNTRIED,
    ]);
  });

  it('under a seccomp profile that refuses bpf(2): cannot, and tells it from a missing capability', () => {
    expect(changed(['python3', '-c', SECCOMP])).toEqual({
      status: 3,
      findings: [
        {
          id: 'bpfSyscall',
          state: 'missing',
          found: 'bpf(2) is refused with EPERM (Operation not permitted)',
          remedy: expect.stringMatching(/^let bpf\(2\) through the seccomp profile/),
        },
        UNTRIED,
      ],
    });
  });

  it('in a PID namespace of its own: can, degraded', () => {
    expect(changed(['unshare', '--pid', '--fork', '--mount-proc'])).toEqual({
      status: 0,
      findings: [expect.objectContaining({ id: 'pidNamespace', state: 'degraded' })],
    });
  });

  it('without BTF: cannot', () => {
    const { status, findings } = changed(withMounts('mount -t tmpfs weir-test /sys/kernel/btf'));
    expect(status).toBe(3);
    expect(findings.map(({ id, state }) => `${id} ${state}`)).toEqual(
      ['btf', 'tracepoint', 'iterators', 'ringBuffer', 'programs'].map((id) => `${id} missing`),
    );
  });

  it('without libbpf: cannot, and names the package', () => {
    const hide = `mount --bind /dev/null "$(ldconfig -p | sed -n 's/.*libbpf\\.so\\.1 .*=> //p')"`;
    expect(changed(withMounts(hide))).toEqual({
      status: 3,
      findings: [
        {
          id: 'libbpf',
          state: 'missing',
          found: 'libbpf.so.1 is not installed',
          remedy: 'install libbpf 1.1 or newer (Debian: libbpf1)',
        },
        UNTRIED,
      ],
    });
  });

  it('without cgroup2: cannot, and says how to mount it', () => {
    const { status, findings } = changed(withMounts(`umount --lazy ${findCgroup2()}`));
    expect(status).toBe(3);
    expect(findings).toEqual([
      {
        id: 'cgroup2',
        state: 'missing',
        found: 'no cgroup2 hierarchy is mounted, so sockets cannot be told apart by pod',
        remedy: 'mount one (mount -t cgroup2 none /sys/fs/cgroup)',
      },
    ]);
  });

  it.each([
    ['ok', 'mount -t bpf weir-test /sys/fs/bpf', '/sys/fs/bpf'],
    ['degraded', 'mount -t tmpfs weir-test /sys/fs/bpf', '/sys/fs/bpf is no BPF file system'],
    [
      'degraded',
      'mount -t bpf weir-test /sys/fs/bpf && mount -o remount,bind,ro /sys/fs/bpf',
      '/sys/fs/bpf cannot be written to',
    ],
  ])('finds bpffs %s after %s', (state, script, found) => {
    const { status, report } = reportOf(withMounts(script));
    expect(status).toBe(0);
    expect(report.checks.find(({ id }) => id === 'bpffs')).toMatchObject({ state, found });
  });
});
