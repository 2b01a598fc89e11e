export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

/** Reads `0s`, `500ms`, `5s`, `10m`, `2h`, `30d` as milliseconds; null for anything else. */
export const readDuration = (text: string): number | null => {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  return digits && unit ? Number(digits) * (UNITS[unit] as number) : null
}

/** Writes milliseconds as `readDuration` reads them, in the largest unit that leaves a whole number. */
export const formatDuration = (ms: number): string => {
  const unit = ['d', 'h', 'm', 's'].find(name => ms >= (UNITS[name] as number) && ms % (UNITS[name] as number) === 0)
  return unit ? `${ms / (UNITS[unit] as number)}${unit}` : ms === 0 ? '0s' : `${ms}ms`
}
