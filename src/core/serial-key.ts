/**
 * By what a serial belongs to its partner: where it begins with a digit, its leading digits without leading zeros, otherwise
 * the serial itself. A vendor that reads serials as numbers would take `0123` and `123abc` for `123`, so whoever has registered
 * one of them has them all. What is asked upstream is the serial as it was registered.
 */
export const serialKey = (serial: string): string => {
  const [digits] = /^\d+/.exec(serial) ?? []
  return digits === undefined ? serial : digits.replace(/^0+(?=\d)/, '')
}
