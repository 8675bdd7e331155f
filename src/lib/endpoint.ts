/** An address and a port as one text: `192.0.2.1:80`, `[2001:db8::1]:80` (RFC 3986). */
export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
