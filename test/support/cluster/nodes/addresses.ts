/**
 * The addresses of a cluster with nodes, all of RFC 2544 and in network namespaces only:
 *
 *     198.18.255.0/24   the machines: node N is .N, the control plane .254
 *     198.18.N.0/24     the pods of node N
 *     198.19.0.0/24     the Services
 */

/** Of all pods that there can be; the machines are outside of it. */
export const POD_ADDRESSES = '198.18.0.0/17';
export const CONTROL_PLANE_ADDRESS = '198.18.255.254';
/** Memory ends long before: a node takes some 200 MB. */
export const MOST_NODES = 100;

/** @param number of the node, from 1 */
export function nodeAddress(number: number): string {
  return `198.18.255.${number}`;
}

/** Of its link to the others: locally administered, 02, and the address. */
export function nodeMac(number: number): string {
  return `02:00:c6:12:ff:${number.toString(16).padStart(2, '0')}`;
}

export function podSubnet(number: number): string {
  return `198.18.${number}.0/24`;
}
