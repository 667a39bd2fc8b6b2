import { isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { Problem } from '../problems';

/** Addresses that are remembered at most: past it everybody begins anew, rather than that the process grows. */
const MOST_ADDRESSES = 50_000;

/**
 * Lets so many requests a minute of one address pass: against a flood, not against an office behind one address. Each
 * process counts for itself.
 */
export function limitRate(perMinute: number, now: () => number = Date.now): RequestHandler {
  const counts = new Map<string, number>();
  let minute = 0;
  return (req, res, next) => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute || counts.size > MOST_ADDRESSES) counts.clear();
    minute = current;
    const address = networkOf(req.ip ?? '');
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    if (count <= perMinute) {
      next();
      return;
    }
    res.setHeader('Retry-After', String(60 - (Math.floor(now() / 1000) % 60)));
    throw new Problem('too_many_requests', `More than ${perMinute} requests a minute come from this address`);
  };
}

/** Of IPv6 the first half: the rest is the visitor's own to choose. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const before = head.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - tail.split(':').length;
  return [...before, ...Array<string>(Math.max(0, missing)).fill('0')].slice(0, 4).join(':');
}
