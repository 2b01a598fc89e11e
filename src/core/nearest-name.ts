/** Number of characters to insert, delete or replace to turn one word into the other. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...b].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** Returns the name most similar to a mistyped one; the first of equals. */
export const nearestName = (name: string, names: readonly string[]): string | undefined => {
  const measured = names.map(candidate => ({ candidate, distance: editDistance(name, candidate) }))
  return measured.toSorted((a, b) => a.distance - b.distance)[0]?.candidate
}
