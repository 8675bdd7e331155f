import { CONTROL_PLANE_ADDRESS, nodeAddress, nodeMac, podSubnet } from './addresses.ts';
import type { Machine } from './machine.ts';

const BRIDGE = 'br0';

/** Gives the control plane the network that all nodes are on: a bridge in its namespace. */
export async function makeNetwork(controlPlane: Machine): Promise<void> {
  await controlPlane.ip(
    `link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
    `addr add ${CONTROL_PLANE_ADDRESS}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  );
  await controlPlane.forward();
}

/** Connects a node to the network, with routes to the pods of the others, which need not be there yet. */
export async function connect(node: Machine, controlPlane: Machine, number: number, nodes: number): Promise<void> {
  const port = portOf(number);
  await controlPlane.ip(
    `link add ${port} type veth peer name eth0 netns ${node.pid}`,
    `link set ${port} master ${BRIDGE} up`,
    `route replace ${podSubnet(number)} via ${nodeAddress(number)}`,
  );
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const others = numbers.filter((other) => other !== number);
  await node.ip(
    // The same after a power failure: the neighbours remember it, and ask again only after many seconds.
    `link set eth0 address ${nodeMac(number)} up`,
    `addr add ${nodeAddress(number)}/24 dev eth0`,
    `route add default via ${CONTROL_PLANE_ADDRESS}`,
    ...others.map((other) => `route add ${podSubnet(other)} via ${nodeAddress(other)}`),
  );
  await node.forward();
}

/** Pulls the cable. The kernel would remove it some time after the node's namespace, and a new one could not be put in. */
export async function disconnect(controlPlane: Machine, number: number): Promise<void> {
  await controlPlane.ip(`link del ${portOf(number)}`);
}

function portOf(number: number): string {
  return `node${number}`;
}
