import { endpointText } from '../../lib/endpoint.ts';
import { cutText, escapeForTerminal } from '../../lib/escape.ts';
import { bytesText, durationText } from '../../lib/humanise.ts';
import { displayWidth, fit } from '../../lib/width.ts';
import { type FieldName, fieldOf } from '../../record/catalogue.ts';
import type { Flow, Side } from '../../record/flow.ts';

/** A column of the table. Cells are safe for a terminal, at most `width` columns wide, `-` when there is no value. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Least width, the title's at least. */
  readonly width: number;
  /** What it may grow to where the terminal is wide. */
  readonly max: number;
  readonly cell: (flow: Flow, width: number) => string;
}

const NONE = '-';
const UNLIMITED = Number.POSITIVE_INFINITY;
type SideName = 'source' | 'destination';

function column(title: string, align: Column['align'], width: number, cell: Column['cell'], max = width): Column {
  return { title, align, width, max, cell };
}

/** The text of a field, cut at the catalogue's limit, or nothing. */
function fieldText(name: FieldName, flow: Flow): string | undefined {
  const field = fieldOf(name);
  const value = field.get(flow);
  if (value === undefined) return undefined;
  if (field.type === 'string') return cutText(String(value), field.maxLength);
  if (field.type === 'stringList')
    return field
      .get(flow)
      .map((item) => cutText(item, field.maxLength))
      .join(',');
  return String(value);
}

/** A cell that shows a field as it is. */
function plain(name: FieldName): Column['cell'] {
  return (flow, width) => fit(escapeForTerminal(fieldText(name, flow) ?? NONE), width);
}

/** Fits by cutting `head` alone: the port or the pid after it says most. */
function fitHead(head: string, tail: string, width: number): string {
  const room = width - displayWidth(tail);
  return room < 2 ? fit(head + tail, width) : fit(head, room) + tail;
}

function endpoint({ address, port }: Side, width: number): string {
  const text = escapeForTerminal(endpointText(address, port));
  const colon = text.lastIndexOf(':');
  return fitHead(text.slice(0, colon), text.slice(colon), width);
}

/** `namespace/owner`, else pod, else Service, else address and port. */
function owner(side: SideName): Column['cell'] {
  return (flow, width) => {
    const namespace = fieldText(`${side}.k8s.namespace.name`, flow);
    const name =
      fieldText(`${side}.k8s.owner.name`, flow) ??
      fieldText(`${side}.k8s.pod.name`, flow) ??
      fieldText(`${side}.k8s.service.name`, flow);
    if (namespace === undefined || name === undefined) return endpoint(flow[side], width);
    return fit(escapeForTerminal(`${namespace}/${name}`), width);
  };
}

function time(flow: Flow): string {
  return new Date(Math.floor(flow.start / 1000)).toISOString();
}

function state(flow: Flow): string {
  const reason = flow.tcp?.closeReason;
  return reason === undefined || reason === 'Unknown' ? flow.state : reason;
}

function process(flow: Flow, width: number): string {
  const name = fieldText('process.executable.name', flow);
  return name === undefined ? NONE : fitHead(escapeForTerminal(name), `/${flow.process?.pid}`, width);
}

function duration(micros: number | undefined): string {
  return micros === undefined ? NONE : durationText(micros);
}

const CLIENT = column('CLIENT', 'left', 15, owner('source'), 48);
const SERVER = column('SERVER', 'left', 15, owner('destination'), 48);
const RTT = column('RTT', 'right', 6, (flow) => duration(flow.tcp?.rtt));
const DURATION = column('DURATION', 'right', 8, (flow) => duration(flow.end - flow.start));
const STATE = column('STATE', 'left', 13, state);
const PROCESS = column('PROCESS', 'left', 15, process, 24);
const CAPTURE = column('CAPTURE', 'left', 16, plain('capture'), 48);

/** The default table, and the columns that give way on a narrow terminal: the last one goes first. */
export const COLUMNS: readonly Column[] = [
  column('TIME UTC', 'left', 8, (flow) => time(flow).slice(-'20:00:00.000Z'.length, -'.000Z'.length)),
  CLIENT,
  SERVER,
  column('BYTES→', 'right', 7, (flow) => bytesText(flow.source.bytes)),
  column('BYTES←', 'right', 7, (flow) => bytesText(flow.destination.bytes)),
  RTT,
  DURATION,
  STATE,
  PROCESS,
  CAPTURE,
];
export const OPTIONAL: readonly Column[] = [DURATION, RTT, PROCESS, CAPTURE];

/** A cell of the wide table is never cut to its column: an address or an id is of use only as a whole. */
function whole(title: string, width: number, cell: Column['cell'], align: Column['align'] = 'left'): Column {
  return column(title, align, Math.max(width, title.length), (flow) => cell(flow, UNLIMITED));
}

/** The wide table: whole values whatever the terminal's width, bytes exact, times with milliseconds. */
export const WIDE_COLUMNS: readonly Column[] = [
  whole('TIME', 24, time),
  whole('CLIENT', 28, owner('source')),
  whole('CLIENT ADDRESS', 21, (flow, width) => endpoint(flow.source, width)),
  whole('SERVER', 28, owner('destination')),
  whole('SERVER ADDRESS', 21, (flow, width) => endpoint(flow.destination, width)),
  whole('BYTES→', 12, (flow) => String(flow.source.bytes), 'right'),
  whole('BYTES←', 12, (flow) => String(flow.destination.bytes), 'right'),
  RTT,
  DURATION,
  whole('RETRANS', 7, plain('tcp.retransmits'), 'right'),
  STATE,
  whole('PROCESS', 20, process),
  whole('CAPTURE', 24, plain('capture')),
  whole('CLIENT POD', 32, plain('source.k8s.pod.name')),
  whole('CLIENT KNOWN BY', 9, plain('source.attribution')),
  whole('SERVER POD', 32, plain('destination.k8s.pod.name')),
  whole('SERVER KNOWN BY', 9, plain('destination.attribution')),
  whole('FLOW ID', 16, plain('flow.id')),
  whole('OBSERVER', 11, plain('observer')),
  whole('NODE', 16, plain('node')),
];
