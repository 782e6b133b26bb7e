/** Numbers that look random and come again with the same seed. */
export interface Dice {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
}

export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return {
    below(limit) {
      // Mixes a counter (Weyl sequence) until its bits depend on each other.
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return ((mixed ^ (mixed >>> 16)) >>> 0) % limit;
    },
  };
}
