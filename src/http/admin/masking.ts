/** A serial in a list: enough to tell two apart, not enough to look somebody up. Short ones show less. */
export const maskSerial = (serial: string): string =>
  serial.length < 10 ? `${serial.slice(0, 2)}…` : `${serial.slice(0, 4)}…${serial.slice(-2)}`
