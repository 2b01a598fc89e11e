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
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

type Kind = Resolution | 'start'
interface Row {
  kind: Kind
  at: number
  data: string
}

/** So many old rows of a kind go with each addition: more than it adds. */
const FORGOTTEN_TOGETHER = 100

/** Figures by minute and by hour, as JSON: their names are the business of whoever counts. */
export const createHistory = ({
  read,
  write,
}: Pick<Context, 'read' | 'write'>): Pick<Store, 'addHistory' | 'addStart' | 'listHistory'> => ({
  addHistory: points =>
    write(async tx => {
      // Two nodes add to the same minute, which neither may find.
      await tx.lock(['history'])
      const keys = points.flatMap(({ at }) => RESOLUTIONS.map(kind => ({ kind, at: beginningOf(at, kind) })))
      const known = await tx.rows<Row>(
        `SELECT kind, at, data FROM history JOIN unnest($1::text[], $2::bigint[]) AS wanted(kind, at) USING (kind, at)`,
        [keys.map(({ kind }) => kind), keys.map(({ at }) => at)],
      )
      const figures = new Map(known.map(row => [keyOf(row), { ...row, all: JSON.parse(row.data) as HistoryFigures }]))
      for (const point of points) for (const kind of RESOLUTIONS) add(figures, kind, point)
      await save(
        tx,
        [...figures.values()].map(({ kind, at, all }) => ({ kind, at, data: JSON.stringify(all) })),
      )
      await forgetOld(tx)
    }),

  addStart: ({ at, version }) => write(tx => save(tx, [{ kind: 'start', at, data: JSON.stringify({ version }) }])),

  listHistory: ({ resolution, from, to }) =>
    read(async tx => {
      const list = async (kind: Kind) => {
        const rows = await tx.rows<Row>(
          `SELECT at, data FROM history WHERE kind = $1 AND at >= $2 AND at < $3 ORDER BY at LIMIT ${MOST_POINTS}`,
          [kind, from, to],
        )
        return rows.map(({ at, data }) => ({ at, ...JSON.parse(data) }))
      }
      return { points: await list(resolution), starts: await list('start') }
    }),
})

const RESOLUTIONS: readonly Resolution[] = ['minute', 'hour']
type Known = Map<string, { kind: Kind; at: number; all: HistoryFigures }>

const keyOf = ({ kind, at }: Pick<Row, 'kind' | 'at'>) => `${kind} ${at}`

const add = (known: Known, kind: Resolution, { at, ...figures }: HistoryPoint): void => {
  const beginning = beginningOf(at, kind)
  const key = keyOf({ kind, at: beginning })
  const before = known.get(key)
  known.set(key, { kind, at: beginning, all: before === undefined ? figures : addFigures(before.all, figures) })
}

const save = async (tx: Tx, rows: readonly Row[]): Promise<void> => {
  await tx.rows(
    `INSERT INTO history (kind, at, data) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
     ON CONFLICT (kind, at) DO UPDATE SET data = excluded.data`,
    [rows.map(({ kind }) => kind), rows.map(({ at }) => at), rows.map(({ data }) => data)],
  )
}

const forgetOld = async (tx: Tx): Promise<void> => {
  const kinds = Object.keys(KEPT) as Kind[]
  await tx.rows(
    `DELETE FROM history USING (
       SELECT old.kind, old.at FROM unnest($1::text[], $2::int[]) AS kept(kind, n)
         CROSS JOIN LATERAL (
           SELECT h.at FROM history h WHERE h.kind = kept.kind AND h.at <= $3 ORDER BY h.at DESC OFFSET kept.n - 1 LIMIT 1
         ) AS oldest
         CROSS JOIN LATERAL (
           SELECT h.kind, h.at FROM history h WHERE h.kind = kept.kind AND h.at < oldest.at
           ORDER BY h.at LIMIT ${FORGOTTEN_TOGETHER}
         ) AS old
     ) AS forgotten
     WHERE history.kind = forgotten.kind AND history.at = forgotten.at`,
    [kinds, kinds.map(kind => KEPT[kind]), tx.at],
  )
}
