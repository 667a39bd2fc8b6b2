import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Addresses that are not for everybody: this machine, its network, and what stands for another address in disguise.
 * From https://www.iana.org/assignments/iana-ipv4-special-registry and its twin for IPv6.
 */
const SPECIAL_V4: readonly (readonly [string, number])[] = [
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
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
];
/** Public IPv6 is within this; of what is in it, these are not. */
const GLOBAL_V6: readonly [string, number] = ['2000::', 3];
const SPECIAL_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, bits] of SPECIAL_V4) special.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of SPECIAL_V6) special.addSubnet(net, bits, 'ipv6');
const global = new BlockList();
global.addSubnet(...GLOBAL_V6, 'ipv6');

/** Whether anybody on the Internet can be meant by it. What is no IP address is not public. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  if (isIPv6(address)) return global.check(address, 'ipv6') && !special.check(address, 'ipv6');
  return false;
}

/** The IP address that a URL names itself; `null`: it names a host, whose address is known when it is looked up. */
export function addressIn(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIPv4(host) || isIPv6(host) ? host : null;
}

/** Names of this machine, whatever a resolver says. */
const LOCAL_NAME = /(^|\.)localhost\.?$/i;

/** What stands against sending to a URL, before its host is looked up, in words; `null`: nothing. */
export function whyNotSendTo(url: URL, allowPrivate: boolean): string | null {
  if (url.protocol !== 'https:' && !allowPrivate) return 'must be https';
  const address = addressIn(url);
  return address === null && !LOCAL_NAME.test(url.hostname)
    ? null
    : whyNotReach(address ?? '127.0.0.1', url.protocol, allowPrivate);
}

/** What stands against connecting to an address, in words; `null`: nothing. */
export function whyNotReach(address: string, protocol: string, allowPrivate: boolean): string | null {
  if (!isPublicAddress(address))
    return allowPrivate ? null : `leads into a private network (${address}), where nothing is sent`;
  return protocol === 'https:' ? null : 'must be https: only a private network is spoken to without';
}
