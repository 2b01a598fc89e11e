import {
  addFigures,
  beginningOf,
  type HistoryFigures,
  type HistoryPoint,
  KEPT,
  MOST_POINTS,
  type Resolution,
} from '../history.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'

type Kind = Resolution | 'start'
interface Row {
  at: number
  data: string
}

/** So many old rows go with each addition: more than it adds. */
const FORGOTTEN_TOGETHER = 100

/** Figures by minute and by hour, as JSON: their names are the business of whoever counts. */
export const createHistory = ({
  client,
  read,
  write,
  now,
}: Context): Pick<Store, 'addHistory' | 'addStart' | 'listHistory'> => {
  const find = client
    .prepare<[kind: Kind, at: number], string>('SELECT data FROM history WHERE kind = ? AND at = ?')
    .pluck()
  const put = client.prepare<[kind: Kind, at: number, data: string]>(
    'INSERT INTO history (kind, at, data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data',
  )
  const findOldestKept = client
    .prepare<{ kind: Kind; now: number; kept: number }, number>(
      'SELECT at FROM history WHERE kind = +@kind AND at <= +@now ORDER BY at DESC LIMIT 1 OFFSET +@kept - 1',
    )
    .pluck()
  const forget = client.prepare<{ kind: Kind; before: number }>(`
    DELETE FROM history WHERE kind = @kind AND at IN (
      SELECT at FROM history WHERE kind = +@kind AND at < +@before ORDER BY at LIMIT ${FORGOTTEN_TOGETHER})`)
  const list = client.prepare<{ kind: Kind; from: number; to: number }, Row>(`
    SELECT at, data FROM history WHERE kind = +@kind AND at >= +@from AND at < +@to ORDER BY at LIMIT ${MOST_POINTS}`)

  const add = ({ at, ...figures }: HistoryPoint, resolution: Resolution) => {
    const beginning = beginningOf(at, resolution)
    const known = find.get(resolution, beginning)
    const all = known === undefined ? figures : addFigures(JSON.parse(known) as HistoryFigures, figures)
    put.run(resolution, beginning, JSON.stringify(all))
  }
  const forgetOld = () => {
    for (const kind of ['minute', 'hour', 'start'] as const) {
      const before = findOldestKept.get({ kind, now: now(), kept: KEPT[kind] })
      if (before !== undefined) forget.run({ kind, before })
    }
  }

  return {
    addHistory: points =>
      write(() => {
        for (const point of points) {
          add(point, 'minute')
          add(point, 'hour')
        }
        forgetOld()
      }),

    addStart: ({ at, version }) => write(() => void put.run('start', at, JSON.stringify({ version }))),

    listHistory: ({ resolution, from, to }) =>
      read(() => ({
        points: list.all({ kind: resolution, from, to }).map(({ at, data }) => ({ at, ...JSON.parse(data) })),
        starts: list.all({ kind: 'start', from, to }).map(({ at, data }) => ({ at, ...JSON.parse(data) })),
      })),
  }
}
