import Table from 'cli-table3'

/** `2026-11-24 16:20:05` UTC, or a dash. */
export const showTime = (time: number | null): string =>
  time === null ? '-' : new Date(time).toISOString().slice(0, 19).replace('T', ' ')

export const showTable = (head: string[], rows: string[][]): string => {
  if (rows.length === 0) return '(none)'
  const table = new Table({ head, style: { head: [], border: [] } })
  table.push(...rows)
  return table.toString()
}
