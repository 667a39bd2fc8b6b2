/**
 * Seeded randomness for routing: the same seed gives the same order in every process and every replay.
 * The generator is sfc32 seeded through cyrb128 (both public domain, by Chris Doty-Humphrey and bryc).
 */

function cyrb128(text: string): [number, number, number, number] {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  const mixed = h1 ^ h2 ^ h3 ^ h4;
  return [mixed >>> 0, (h2 ^ mixed) >>> 0, (h3 ^ mixed) >>> 0, (h4 ^ mixed) >>> 0];
}

/** Numbers in [0, 1), the same sequence for the same seed. */
export function seededRandom(seed: string): () => number {
  let [a, b, c, d] = cyrb128(seed);
  const next = (): number => {
    a |= 0;
    b |= 0;
    c |= 0;
    d |= 0;
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/**
 * Orders items by weighted draw without replacement: the chance to come first is weight / sum of weights.
 * Each item gets the key -ln(u) / weight, smallest first, which is that draw in O(n log n)
 * (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006). An item's `u` comes from the seed and
 * its own id, so that leaving one item out keeps the order of the others: the next candidate after a busy one is the
 * second of the same draw.
 * @param weightOf must be above 0.
 */
export function weightedOrder<T extends { readonly id: string }>(
  items: readonly T[],
  weightOf: (item: T) => number,
  seed: string,
): T[] {
  return items
    .map((item) => ({ item, key: -Math.log(1 - seededRandom(`${seed}/${item.id}`)()) / weightOf(item) }))
    .sort((a, b) => a.key - b.key || (a.item.id < b.item.id ? -1 : 1))
    .map((drawn) => drawn.item);
}
