const MOST_WRITTEN = 1_000

/** Writing a date costs half a µs, and registrations that were stored together have their times in common. */
const written = new Map<number, string>()

/** Epoch ms as ISO 8601 UTC. */
export const jsonTime = (at: number): string => {
  const known = written.get(at)
  if (known !== undefined) return known
  if (written.size >= MOST_WRITTEN) written.clear()
  const text = new Date(at).toISOString()
  written.set(at, text)
  return text
}

export const jsonTimeOrNull = (at: number | null): string | null => (at === null ? null : jsonTime(at))
