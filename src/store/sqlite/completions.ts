import { changeBins } from '../../core/polling/completion-bins.ts'
import { binsOfRows, rowsOfBins } from '../completions.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { eq } from './drizzle.ts'
import { completionBins } from './schema.ts'

type Verbs = Pick<Store, 'changeCompletions' | 'completionsOf'>

export const createCompletions = ({ db, read, write }: Context): Verbs => {
  const load = (accountId: string) =>
    binsOfRows(db.select().from(completionBins).where(eq(completionBins.accountId, accountId)).all())

  return {
    changeCompletions: (accountId, change) =>
      write(() => {
        const rows = rowsOfBins(changeBins(load(accountId), change))
        db.delete(completionBins).where(eq(completionBins.accountId, accountId)).run()
        if (rows.length > 0)
          db.insert(completionBins)
            .values(rows.map(row => ({ accountId, ...row })))
            .run()
      }),

    completionsOf: accountId => read(() => load(accountId)),
  }
}
