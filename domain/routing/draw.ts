/**
 * Seeded randomness for routing: the same seed gives the same order in every process and every replay.
 * The generator is sfc32 seeded through cyrb128 (both public domain, by Chris Doty-Humphrey and bryc).
 */

/** State of cyrb128: absorbs text character by character, so what many texts begin with is absorbed once. */
type HashState = readonly [number, number, number, number];

const UNTOUCHED: HashState = [1779033703, 3144134277, 1013904242, 2773480762];

/** Rounds of sfc32 before its first number, so that near seeds have grown apart. */
const WARM_UP = 12;

function absorb([h1, h2, h3, h4]: HashState, text: string): HashState {
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  return [h1, h2, h3, h4];
}

function squeeze([h1, h2, h3, h4]: HashState): HashState {
  const a = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  const b = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  const c = Math.imul(a ^ (h3 >>> 17), 951274213);
  const d = Math.imul(b ^ (h4 >>> 19), 2716044179);
  const mixed = a ^ b ^ c ^ d;
  return [mixed >>> 0, (b ^ mixed) >>> 0, (c ^ mixed) >>> 0, (d ^ mixed) >>> 0];
}

/** Numbers in [0, 1), the same sequence for the same seed. */
export function seededRandom(seed: string): () => number {
  let [a, b, c, d] = squeeze(absorb(UNTOUCHED, seed));
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
  for (let i = 0; i < WARM_UP; i++) next();
  return next;
}

/** A number in [0, 1) for each id; it does not depend on which other ids are drawn. */
export type Draw = (id: string) => number;

/**
 * The draw of one seed: for each id the first number of `seededRandom(seed/id)`, with the seed hashed once for all.
 * What `absorb`, `squeeze` and the generator do stands here in line: it runs for every candidate of every call, and
 * takes half the time without the arrays between them.
 */
export function createDraw(seed: string): Draw {
  const [s1, s2, s3, s4] = absorb(UNTOUCHED, `${seed}/`);
  return (id) => {
    let h1 = s1;
    let h2 = s2;
    let h3 = s3;
    let h4 = s4;
    for (let i = 0; i < id.length; i++) {
      const k = id.charCodeAt(i);
      h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
      h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
      h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
      h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
    }
    h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
    h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
    h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
    h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
    let a = h1 ^ h2 ^ h3 ^ h4;
    let b = h2 ^ a;
    let c = h3 ^ a;
    let d = h4 ^ a;
    let t = 0;
    for (let i = 0; i <= WARM_UP; i++) {
      t = (((a + b) | 0) + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (c << 21) | (c >>> 11);
      c = (c + t) | 0;
    }
    return (t >>> 0) / 4294967296;
  };
}

/**
 * A key for a weighted draw without replacement, in which the chance to come first is weight / sum of weights: sort by
 * it, smallest first. It is -ln(u) / weight, which makes that draw in O(n log n) (Efraimidis and Spirakis, "Weighted
 * random sampling with a reservoir", 2006). An entrant's `u` comes from the seed and its own id, so that leaving one
 * out keeps the order of the others: the next candidate after a busy one is the second of the same draw.
 * @param weight above 0.
 */
export function drawKey(u: number, weight: number): number {
  return -Math.log(1 - u) / weight;
}
