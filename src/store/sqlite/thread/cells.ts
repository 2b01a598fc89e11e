/**
 * Rows as one flat array of their values. An object would be copied with the names of its fields, and rebuilt field by
 * field, which costs several times as much.
 */
export type Cells = unknown[]

/** How a value becomes cells, and cells the value again. */
interface Cell<Value> {
  put(value: Value, cells: Cells): void
  take(next: () => unknown): Value
}

/** One cell: what a plain copy keeps. */
export const plain: Cell<never> = {
  put: (value, cells) => {
    cells.push(value)
  },
  take: next => next() as never,
}

/** An object. One list of its fields gives the order on both sides; the compiler asks for every one. */
export const row = <Row extends object>(fields: { readonly [Name in keyof Row]-?: Cell<Row[Name]> | typeof plain }) => {
  const entries = Object.entries(fields) as [keyof Row, Cell<unknown>][]
  const cell: Cell<Row> = {
    put: (value, cells) => {
      for (const [name, { put }] of entries) put(value[name], cells)
    },
    take: next => {
      const value: Partial<Row> = {}
      for (const [name, { take }] of entries) value[name] = take(next) as Row[typeof name]
      return value as Row
    },
  }
  return cell
}

export const nullable = <Value>({ put, take }: Cell<Value>): Cell<Value | null> => ({
  put: (value, cells) => {
    cells.push(value !== null)
    if (value !== null) put(value, cells)
  },
  take: next => (next() === true ? take(next) : null),
})

export const list = <Value>({ put, take }: Cell<Value>): Cell<readonly Value[]> => ({
  put: (values, cells) => {
    cells.push(values.length)
    for (const value of values) put(value, cells)
  },
  take: next => Array.from({ length: next() as number }, () => take(next)),
})

export const pack = <Value>({ put }: Cell<Value>, value: Value): Cells => {
  const cells: Cells = []
  put(value, cells)
  return cells
}

export const unpack = <Value>({ take }: Cell<Value>, cells: Cells): Value => {
  let at = 0
  return take(() => cells[at++])
}
