/** One line of Prometheus' text format. */
interface Line {
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

const unquoted = (text: string): string => text.replaceAll(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one))

/** Reads the text format, as far as its lines have no timestamps. Throws for a line that it does not understand. */
export const parseMetrics = (text: string) => {
  const lines = text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map((line): Line => {
      const [, name = '', inner = '', value] =
        /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (Nan|[+-]?Inf|[-+.e\d]+)$/.exec(line) ?? []
      if (value === undefined) throw new Error(`no line of the text format: ${line}`)
      const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g)].map(
        ([, label = '', told = '']) => [label, unquoted(told)] as const,
      )
      return { name, labels: Object.fromEntries(labels), value: Number(value.replace('Inf', 'Infinity')) }
    })
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  const matching = (name: string, labels: Readonly<Record<string, string>>) =>
    lines.filter(
      line => line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value),
    )
  return {
    lines: lines as readonly Line[],
    types: types as ReadonlyMap<string, string>,
    /** The sum of all lines of this name that have these labels; NaN: there is none. */
    value: (name: string, labels: Readonly<Record<string, string>> = {}): number => {
      const found = matching(name, labels)
      return found.length === 0 ? Number.NaN : found.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

/** Reads the metrics of a service now. */
export const scrape = async (url: string, token?: string) => {
  const response = await fetch(
    `${url}/metrics`,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  )
  if (response.status !== 200) throw new Error(`the metrics are a ${response.status}`)
  return parseMetrics(await response.text())
}
