/** An amount of money in units of 10⁻¹⁰ USD, as a decimal string: exact, and plain JSON. */
export type ExactCost = string;
