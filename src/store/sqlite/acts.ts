import { ACTS_ERASED_AT_ONCE, ACTS_LOOKED_AT, type Act, actPage, keptActs } from '../act.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { acts } from './schema.ts'

type Verbs = Pick<Store, 'recordAct' | 'listActs'>

/** What operators have done. What is over and old goes with the next act, a bit at a time. */
export const createActs = ({ db, client, read, write, now }: Context): Verbs => {
  const erase = client.prepare<{ from: number; after: number; limit: number }>(`
    DELETE FROM acts WHERE id IN (
      SELECT id FROM (SELECT id, at FROM acts ORDER BY id LIMIT +@limit) WHERE at < @from OR id <= @after)`)
  const newest = client.prepare<{ from: number; before: number; limit: number }, Act>(`
    SELECT id, at, who, name, act, object, reason, outcome FROM acts
    WHERE id < +@before AND at >= @from ORDER BY id DESC LIMIT +@limit`)

  return {
    recordAct: act =>
      write(() => {
        const at = now()
        const { id } = db
          .insert(acts)
          .values({ ...act, at })
          .returning({ id: acts.id })
          .get()
        erase.run({ ...keptActs(id, at), limit: ACTS_ERASED_AT_ONCE })
      }),

    listActs: query =>
      read(() => {
        const before = query.before ?? Number.MAX_SAFE_INTEGER
        const { from } = keptActs(0, now())
        return actPage(newest.all({ from, before, limit: ACTS_LOOKED_AT }), query)
      }),
  }
}
