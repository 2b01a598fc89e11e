import { addFigures, beginningOf, KEPT } from '../../../../src/store/history.ts'
import type { Store } from '../../../../src/store/store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'addHistory' | 'addStart' | 'listHistory'>
const NOTHING = { sums: {}, maxima: {} }

export const createHistory = ({ tables, now }: Context): Verbs => {
  const { history, starts, transaction } = tables
  const byTime = (a: { at: number }, b: { at: number }) => a.at - b.at
  const tooMany = (all: readonly { at: number }[], kept: number): number[] => {
    const past = all.filter(({ at }) => at <= now()).sort(byTime)
    return past.slice(0, Math.max(0, past.length - kept)).map(({ at }) => at)
  }

  return {
    addHistory: async points =>
      transaction(() => {
        for (const { at, ...figures } of points)
          for (const resolution of ['minute', 'hour'] as const) {
            const beginning = beginningOf(at, resolution)
            const key = `${resolution} ${beginning}`
            const all = addFigures(history.get(key) ?? NOTHING, figures)
            history.set(key, { ...all, at: beginning, resolution })
          }
        for (const resolution of ['minute', 'hour'] as const) {
          const points = history.where(one => one.resolution === resolution)
          for (const at of tooMany(points, KEPT[resolution])) history.delete(`${resolution} ${at}`)
        }
        for (const at of tooMany(starts.all(), KEPT.start)) starts.delete(at)
      }),
    addStart: async start => transaction(() => starts.set(start.at, start)),
    listHistory: async ({ resolution, from, to }) => ({
      points: history
        .where(one => one.resolution === resolution && one.at >= from && one.at < to)
        .map(({ at, sums, maxima }) => ({ at, sums, maxima }))
        .sort(byTime),
      starts: starts.where(({ at }) => at >= from && at < to).sort(byTime),
    }),
  }
}
