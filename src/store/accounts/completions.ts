import { binsOfRows, changeBins, rowsOfBins } from '../../core/polling/completion-bins.ts'
import type { StoreContext } from '../context.ts'
import { eq } from '../drizzle.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

/** Statistics of when verifications of an account are completed. */
export const createCompletions = ({ read, write }: Pick<StoreContext, 'read' | 'write'>) =>
  ({
    changeCompletions: (accountId, change) =>
      write(async tx => {
        // Two nodes may change the same bins, which may have no row yet.
        await tx.lock([`completions ${accountId}`])
        const bins = changeBins(await load(tx, accountId), change)
        const rows = rowsOfBins(bins).map(row => ({ accountId, ...row }))
        const { completionBins } = tx.schema
        await tx.db.delete(completionBins).where(eq(completionBins.accountId, accountId))
        await tx.insert('completionBins', rows)
      }),

    completionsOf: accountId => read(tx => load(tx, accountId)),
  }) satisfies Partial<Store>

const load = async ({ db, schema: { completionBins } }: Tx, accountId: string) =>
  binsOfRows(await db.select().from(completionBins).where(eq(completionBins.accountId, accountId)))
