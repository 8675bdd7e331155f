import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { Container, type ContainerOptions, type Ended } from '../support/image/container.ts';
import { weirImage } from '../support/image/image.ts';
import { whyNoImage } from '../support/image/requirements.ts';
import { UnpackedImage } from '../support/image/unpacked.ts';

const missing = whyNoImage();
const mayBuild = missing === undefined || process.env['CI'] === 'true';
const { version, license, description } = JSON.parse(readFileSync('package.json', 'utf8'));

const CAPTURE = 'apiVersion: weir.dev/v1alpha1\nkind: FlowCapture\nmetadata: {name: all, namespace: shop}\nspec: {}\n';
const CONNECTIONS = 7;
const REQUEST = 31;
const RESPONSE = 1009;
const MEGABYTE = 1e6;

describe.runIf(mayBuild)(`the image${missing === undefined ? '' : ` (${missing})`}`, () => {
  let image: UnpackedImage;

  beforeAll(async () => {
    image = await UnpackedImage.unpack(await weirImage());
  });
  afterAll(() => image.dispose());

  function start(argv: readonly string[], options?: ContainerOptions): Container {
    const container = new Container(image, argv, options);
    onTestFinished(() => container.kill());
    return container;
  }

  function run(argv: readonly string[], options?: ContainerOptions): Promise<Ended> {
    return start(argv, options).ended;
  }

  it('says what it is, and runs weir as nobody', () => {
    const { User, Entrypoint, Cmd, Labels } = image.config;
    expect({ User, Entrypoint, Cmd }).toEqual({ User: '65532:65532', Entrypoint: ['weir'], Cmd: undefined });
    const title = 'org.opencontainers.image';
    expect(Labels).toMatchObject({
      [`${title}.title`]: 'Weir',
      [`${title}.description`]: description,
      [`${title}.licenses`]: license,
      [`${title}.version`]: version,
      [`${title}.revision`]: 'unknown',
    });
  });

  it('adds less than 12 MB to its base', () => {
    const [, ...own] = image.layerBytes;
    expect(own.length).toBeGreaterThan(0);
    expect(own.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(12 * MEGABYTE);
  });

  it('holds what runs, and the licences of it, but no sources, no packages to develop with, and nothing of the machine', () => {
    expect(readdirSync(inside(image, 'opt/weir')).toSorted()).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENSES',
      'bin',
      'bpf',
      'crds',
      'lib',
      'node_modules',
      'package.json',
    ]);
    expect(readdirSync(inside(image, 'opt/weir/bpf'))).toEqual(['tcp.bpf.o']);
    expect(readdirSync(inside(image, 'opt/weir/node_modules'))).toEqual(['@koromix']);
    const licences = readFileSync(inside(image, 'opt/weir/THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of ['@kubernetes/client-node', 'koffi', 'yaml']) expect(licences).toContain(`\n${name} `);
    expect(readdirSync(inside(image, 'mnt'))).toEqual([]);
    expect(existsSync(inside(image, 'root/.npmrc'))).toBe(false);
  });

  it('--version is that of the package', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('--help explains itself', async () => {
    const { status, stdout, stderr } = await run(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: weir /);
  });

  it('capture as the user of the image names the capabilities that it lacks', async () => {
    expect(await run(['capture', '-f', '-'], { input: CAPTURE })).toEqual({
      status: 3,
      stdout: '',
      stderr:
        'capturing needs CAP_BPF and CAP_PERFMON: run weir as root, or in a container with capabilities.add [BPF, PERFMON]\n' +
        'weir check tells what capturing needs and what is missing here\n',
    });
  });

  it('the operator loads its libraries, without a warning, and says that there is no cluster', async () => {
    expect(await run(['operator'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'there is no kubeconfig: set $KUBECONFIG, or write ~/.kube/config, or run it in a pod\n',
    });
  });

  it.runIf(mayCapture)(`capture as root names every connection, to the byte, until SIGTERM${whySkipped}`, async () => {
    const container = start(['capture', '-f', '-', '-o', 'json'], { user: '0:0', input: CAPTURE });
    const begun = vi.waitUntil(() => container.stderr.includes('weir: capturing'), { timeout: 20_000 });
    await Promise.race([begun, container.ended]);
    expect(container.stderr).toContain('weir: capturing');
    const port = await exchangeOnLoopback();
    container.terminate();
    const { status, stdout, stderr } = await container.ended;
    expect(stderr).toContain('balanced: observed = exported + filtered + sampled out + lost, for every capture');
    expect(status).toBe(0);
    // The rest of the machine may have talked meanwhile.
    const lines = stdout.trimEnd().split('\n');
    const flows = lines.map((line) => JSON.parse(line)).filter((flow) => flow['destination.port'] === port);
    expect(flows).toHaveLength(2 * CONNECTIONS);
    expect(new Set(flows.map((flow) => `${flow['source.bytes']} ${flow['destination.bytes']}`))).toEqual(
      new Set([`${REQUEST} ${RESPONSE}`]),
    );
  });
});

function inside({ root }: UnpackedImage, path: string): string {
  return join(root, path);
}

/** So many connections, one after the other, to their very end. Resolves with the server's port. */
async function exchangeOnLoopback(): Promise<number> {
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(Buffer.alloc(RESPONSE)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  for (let connection = 0; connection < CONNECTIONS; connection++) {
    const socket = connect(port, '127.0.0.1');
    socket.write(Buffer.alloc(REQUEST));
    const closed = once(socket, 'close');
    expect(await buffer(socket)).toHaveLength(RESPONSE);
    await closed;
  }
  // Calls back when the last of its sockets is closed as well.
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
