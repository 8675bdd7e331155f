import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeFar } from '../../../src/attribution/far.ts';
import { HOST } from '../../../src/attribution/identities.ts';
import { attributeLocal } from '../../../src/attribution/local.ts';
import { NetnsOwners } from '../../../src/attribution/netns-owners.ts';
import type { CgroupOwner } from '../../../src/attribution/owners.ts';
import type { SideAttribution } from '../../../src/attribution/side.ts';
import type { StaticPod } from '../../../src/attribution/static-owners.ts';
import { GONE, HOST_PROCESS, knownFrom, NODE_ADDRESS, OWN_ADDRESS, pod, processOf } from './world.ts';

/** A network namespace of the machine that is generated, with what is true of it. */
interface Place {
  readonly netCookie: number;
  readonly addresses: readonly string[];
  /** The pod whose namespace it is; undefined for the host's, and for one of a pod that the inventory lacks. */
  readonly pod: StaticPod | undefined;
}

/** Pods p0 … of which a part is listed; each has a network namespace and addresses of its own. */
const world = fc.record({
  listed: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  agents: fc.integer({ min: 0, max: 2 }),
});
const ends = fc.array(fc.record({ process: fc.nat(20), place: fc.nat(20), address: fc.nat(3), far: fc.nat(20) }), {
  minLength: 1,
  maxLength: 40,
});

function build({ listed, agents }: { listed: readonly boolean[]; agents: number }) {
  const everyone = listed.map((_, index) => pod(`p${index}`, [`10.1.0.${index}`, `fd00::${index}`]));
  const pods = everyone.filter((_, index) => listed[index]);
  const hostPods = Array.from({ length: agents }, (_, index) =>
    pod(`a${index}`, [NODE_ADDRESS], { hostNetwork: true }),
  );
  const places: Place[] = [
    { netCookie: 1, addresses: [NODE_ADDRESS, OWN_ADDRESS], pod: undefined },
    ...everyone.map((owner, index) => ({
      netCookie: index + 2,
      addresses: owner.addresses,
      pod: pods.includes(owner) ? owner : undefined,
    })),
  ];
  const processes: CgroupOwner[] = [HOST_PROCESS, GONE, ...pods.map(processOf)];
  return { places, processes, pods, hostPods, known: knownFrom([...pods, ...hostPods]) };
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function expectNoNameBesides({ identity, attribution, reason }: SideAttribution, owner: StaticPod | undefined): void {
  expect([undefined, owner?.identity.podName]).toContain(identity.podName);
  expect([undefined, owner?.identity.podUid]).toContain(identity.podUid);
  expect(identity.kind === 'Pod').toBe(identity.podName !== undefined);
  expect(attribution === 'Exact' || reason !== undefined).toBe(true);
}

describe('on a machine whose inventory is true', () => {
  it('no local side carries the name of a pod whose address it is not, wherever processes wander', () => {
    fc.assert(
      fc.property(world, ends, (generated, sequence) => {
        const { places, processes, known } = build(generated);
        const netns = new NetnsOwners();
        for (const step of sequence) {
          const place = pick(places, step.place);
          const end = {
            cgroup: pick(processes, step.process),
            address: pick(place.addresses, step.address),
            startMicros: 0,
          };
          netns.learn({ ...end, netCookie: place.netCookie }, known.owners);
          const side = attributeLocal({ ...end, netns: netns.ownerOf(place.netCookie) }, known);
          expectNoNameBesides(side, place.pod);
        }
        expect(netns.contradictions).toBe(0);
      }),
    );
  });

  it('a process at home on a listed address is always named, and Exact', () => {
    fc.assert(
      fc.property(world, ends, (generated, sequence) => {
        const { places, known } = build(generated);
        const netns = new NetnsOwners();
        for (const { place: index, address } of sequence) {
          const place = pick(places, index);
          if (place.pod === undefined) continue;
          const end = { cgroup: processOf(place.pod), address: pick(place.addresses, address), startMicros: 0 };
          netns.learn({ ...end, netCookie: place.netCookie }, known.owners);
          const side = attributeLocal({ ...end, netns: netns.ownerOf(place.netCookie) }, known);
          expect(side).toEqual({
            identity: place.pod.identity,
            attribution: 'Exact',
            reason: undefined,
            proxy: undefined,
          });
          expect(side.identity).toBe(place.pod.identity);
        }
      }),
    );
  });

  it('no far side carries the name of a pod whose address it is not, nor that of a hostNetwork pod', () => {
    fc.assert(
      fc.property(world, ends, (generated, sequence) => {
        const { places, processes, known } = build(generated);
        for (const step of sequence) {
          const place = pick(places, step.far);
          const local = { cgroup: pick(processes, step.process), netns: { is: 'unknown' } as const };
          const address = pick(place.addresses, step.address);
          const side = attributeFar({ joined: undefined, address, startMicros: 0, local }, known);
          expectNoNameBesides(side, place.pod);
          expect(side.identity === HOST).toBe(address === OWN_ADDRESS);
          expect(side.attribution).not.toBe('Exact');
        }
      }),
    );
  });

  it('a joined far side is the owner of the process or of the network namespace, and of nobody else', () => {
    fc.assert(
      fc.property(world, ends, (generated, sequence) => {
        const { places, processes, known, hostPods } = build(generated);
        const all = [...processes, ...hostPods.map(processOf)];
        const netns = new NetnsOwners();
        for (const step of sequence) {
          const place = pick(places, step.place);
          const cgroup = pick(all, step.process);
          const seen = pick(pick(places, step.far).addresses, step.address);
          netns.learn(
            { cgroup, address: pick(place.addresses, step.address), netCookie: place.netCookie, startMicros: 0 },
            known.owners,
          );
          const joined = { cgroup, netns: netns.ownerOf(place.netCookie) };
          const local = { cgroup: HOST_PROCESS, netns: { is: 'host' } as const };
          const side = attributeFar({ joined, address: seen, startMicros: 0, local }, known);
          const byJoin = side.attribution === 'Exact';
          const process = cgroup.is === 'pod' ? cgroup.pod.identity : HOST;
          expect(!byJoin || [process, place.pod?.identity, HOST].includes(side.identity)).toBe(true);
          expect(byJoin || cgroup === GONE).toBe(true);
        }
      }),
    );
  });
});
