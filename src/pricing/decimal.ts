/** The product of decimal numbers such as `6.25`, times 10^power; undefined when that is no whole number. */
export function wholeProduct(numbers: readonly string[], power: number): bigint | undefined {
  let digits = 10n ** BigInt(power);
  let scale = 0;
  for (const number of numbers) {
    const [whole = '', fraction = ''] = number.split('.');
    digits *= BigInt(whole + fraction);
    scale += fraction.length;
  }
  const divisor = 10n ** BigInt(scale);
  return digits % divisor === 0n ? digits / divisor : undefined;
}
