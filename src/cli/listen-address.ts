import { InvalidArgumentError } from 'commander';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;

/** `host:port`, `[address]:port` for IPv6. @throws InvalidArgumentError */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > MAX_PORT) {
    throw new InvalidArgumentError('write an address and a port, such as 127.0.0.1:8080 or [::]:8080.');
  }
  return { host, port };
}

/** A port, 0 for a free one. @throws InvalidArgumentError */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > MAX_PORT) throw new InvalidArgumentError('write a port, such as 6060.');
  return port;
}
