import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Whether an IP address belongs to the public internet. What is none, or names a zone, does not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !RESERVED.check(address, 'ipv4');
  return isIPv6(address) && !address.includes('%') && GLOBAL.check(address, 'ipv6') && !RESERVED.check(address, 'ipv6');
}

/** All of IPv6 that has been given out; so loopback, link-local, unique-local and what holds an IPv4 address are not in it. */
const GLOBAL = blockList([], [['2000::', 3]]);

/** IANA's special-purpose registries, multicast, what is kept for the future, and what Azure shows its machines. */
const RESERVED = blockList(
  [
    ['168.63.129.16', 32],
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  [
    // Teredo, ORCHID and the other protocol assignments; 6to4 holds an IPv4 address; the rest is for documents.
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ],
);

type Subnet = readonly [address: string, prefix: number];

function blockList(ipv4: readonly Subnet[], ipv6: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ipv4) list.addSubnet(address, prefix, 'ipv4');
  for (const [address, prefix] of ipv6) list.addSubnet(address, prefix, 'ipv6');
  return list;
}
