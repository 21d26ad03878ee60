const units = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
] as const;

/**
 * A parameter count as people write it: `7B`, `46.7B`, `539.47M`, plain digits below 1000. Whole values have no decimals;
 * otherwise one decimal when two are not needed, else two.
 *
 * Controllers compare this text with what OME's agent writes, so it rounds as Go's `fmt` does: on the exact binary value,
 * ties to the even digit (1.25 becomes `1.2`, where `toFixed` gives `1.3`).
 */
export function parameterText(count: number): string {
  for (const [scale, suffix] of units) {
    if (count < scale) continue;
    const value = count / scale;
    if (Number.isInteger(value)) return `${value}${suffix}`;
    return `${fixedTiesToEven(value, Number.isInteger(value * 100) ? 1 : 2)}${suffix}`;
  }
  return String(count);
}

function fixedTiesToEven(value: number, digits: 1 | 2): string {
  const roundedUpOnTie = value.toFixed(digits);
  // A double lies exactly between two decimals only when it is an odd multiple of 1/4 (one digit) or 1/8 (two digits).
  const grain = value * (digits === 1 ? 4 : 8);
  const tie = Number.isInteger(grain) && grain % 2 === 1;
  const lastDigitOdd = Number(roundedUpOnTie.at(-1)) % 2 === 1;
  if (!tie || !lastDigitOdd) return roundedUpOnTie;
  const power = 10 ** digits;
  return ((Math.round(Number(roundedUpOnTie) * power) - 1) / power).toFixed(digits);
}
