import { describe, expect, it } from 'vitest';
import { cgroup2Mount } from '../../../../src/agent/identify/cgroup-mount.ts';
import { WeirError } from '../../../../src/lib/errors.ts';

const ROOT = '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw';

describe('where cgroup2 is mounted', () => {
  it.each([
    [
      'alone, as on a current distribution',
      '/sys/fs/cgroup',
      `${ROOT}\n28 22 0:25 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate\n`,
    ],
    [
      'beside version 1 (hybrid)',
      '/sys/fs/cgroup/unified',
      [
        ROOT,
        '30 22 0:26 / /sys/fs/cgroup ro shared:9 - tmpfs tmpfs ro,mode=755',
        '31 30 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw',
        '32 30 0:28 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory',
      ].join('\n'),
    ],
    ['without optional fields', '/cg', '28 22 0:25 / /cg rw - cgroup2 none rw'],
    ['with several optional fields', '/cg', '28 22 0:25 / /cg rw shared:9 master:3 - cgroup2 none rw'],
    [
      'at a path with a blank and a backslash',
      '/my cgroups\\x',
      '28 22 0:25 / /my\\040cgroups\\134x rw - cgroup2 none rw',
    ],
    ['twice: the first', '/a', '28 22 0:25 / /a rw - cgroup2 none rw\n29 22 0:25 / /b rw - cgroup2 none rw'],
    [
      'after one that shows a part of it only',
      '/whole',
      [
        '28 22 0:25 /system.slice/x.service /part rw - cgroup2 none rw',
        '29 22 0:25 / /whole rw - cgroup2 none rw',
        '30 22 0:25 / /again rw - cgroup2 none rw',
      ].join('\n'),
    ],
    [
      "in a container, as its own part and as the host's in a volume",
      '/host/cgroup',
      [
        '28 22 0:25 / /sys/fs/cgroup ro - cgroup2 cgroup rw',
        '29 22 0:25 /../.. /near ro - cgroup2 cgroup rw',
        '30 22 0:25 /../../../.. /host/cgroup ro - cgroup2 cgroup2 rw',
        '31 22 0:25 /../other /beside ro - cgroup2 cgroup2 rw',
      ].join('\n'),
    ],
    [
      'in parts only: the first',
      '/part',
      '28 22 0:25 /a /part rw - cgroup2 none rw\n29 22 0:25 /b /other rw - cgroup2 none rw',
    ],
  ])('%s', (_, mount, mountinfo) => {
    expect(cgroup2Mount(mountinfo)).toBe(mount);
  });

  it.each([
    ['only version 1 is mounted', `${ROOT}\n32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`],
    ['nothing of the kind is mounted', ROOT],
    ['the text is empty', ''],
    ['the text is something else', ' - cgroup2 x\n - \n'],
  ])('is refused with the remedy when %s', (_, mountinfo) => {
    const refusal = (() => {
      try {
        return cgroup2Mount(mountinfo);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(WeirError);
    expect(refusal).toMatchObject({
      code: 'Unsupported',
      exitStatus: 3,
      message:
        'no cgroup2 hierarchy is mounted, so sockets cannot be told apart by pod: mount one (mount -t cgroup2 none /sys/fs/cgroup)',
    });
  });
});
