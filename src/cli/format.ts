const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** As `1.2 MB`, in powers of 1,000. */
export const formatBytes = (bytes: number): string => {
  let [value, unit] = [bytes, 0]
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

export const formatCount = (count: number): string => count.toLocaleString('en')
