import { expect } from 'vitest';
import type { Flow } from '../../src/record/flow.ts';
import type { TcpInfo } from './lab/peer-socket.ts';
import type { Connection } from './scene.ts';

/** What one connection carried, and what the kernel's own counters of both sockets were at the end (TCP_INFO). */
export interface Exchange {
  readonly clientPort: number;
  /** Payload bytes of the client, and of the server. */
  readonly request: number;
  readonly response: number;
  readonly near: TcpInfo;
  readonly far: TcpInfo;
}

const TIMEOUT_MS = 30_000;

/** Sends so many bytes either way, reads both sockets' counters when all are acknowledged, and closes from the client. */
export async function exchange({ near, far }: Connection, request: number, response: number): Promise<Exchange> {
  await Promise.all([near.send(request, TIMEOUT_MS), far.receive(request, TIMEOUT_MS)]);
  await Promise.all([far.send(response, TIMEOUT_MS), near.receive(response, TIMEOUT_MS)]);
  await Promise.all([near.wait({ unacked: 0 }, TIMEOUT_MS), far.wait({ unacked: 0 }, TIMEOUT_MS)]);
  const infos = { near: await near.info(), far: await far.info() };
  await near.close();
  await far.close();
  return { clientPort: near.local.port, request, response, ...infos };
}

/** The two records of a connection by its client's port: `[source's, destination's]`. */
export function halvesOf(flows: readonly Flow[], clientPort: number): readonly [Flow, Flow] {
  const halves = flows.filter(({ source }) => source.port === clientPort);
  const [source, destination] = halves.toSorted((a, b) => b.observer.localeCompare(a.observer));
  if (halves.length !== 2 || source?.observer !== 'source' || destination?.observer !== 'destination') {
    throw new Error(
      `port ${clientPort} has ${halves.length} records: ${halves.map(({ observer }) => observer).join()}`,
    );
  }
  return [source, destination];
}

/** Both halves tell what was sent, to the byte, and agree with the kernel's counters of their own socket. */
export function expectExact([source, destination]: readonly [Flow, Flow], told: Exchange): void {
  const { request, response, near, far } = told;
  for (const half of [source, destination]) {
    expect([half.source.bytes, half.destination.bytes]).toEqual([request, response]);
  }
  expect(volumeOf(source)).toEqual(
    // The SYN of the side that opens counts among its acknowledged bytes.
    volume(near.bytes_acked - 1, near.bytes_received, near),
  );
  expect(volumeOf(destination)).toEqual(volume(far.bytes_received, far.bytes_acked, far, 'accepted'));
}

/** Source's bytes and segments, destination's bytes and segments, and segments that the observer sent again. */
type Volume = readonly [number, number, number, number, number];

function volumeOf({ source, destination, tcp }: Flow): Volume {
  return [source.bytes, source.packets, destination.bytes, destination.packets, tcp?.retransmits ?? -1];
}

function volume(request: number, response: number, info: TcpInfo, side: 'opened' | 'accepted' = 'opened'): Volume {
  const [out, into] = [info.data_segs_out, info.data_segs_in];
  const [requestSegments, responseSegments] = side === 'opened' ? [out, into] : [into, out];
  return [request, requestSegments, response, responseSegments, info.total_retrans];
}
