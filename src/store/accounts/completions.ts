import {
  type BinsChange,
  binsOfRows,
  type CompletionBins,
  changeBins,
  rowsOfBins,
} from '../../core/polling/completion-bins.ts'
import type { VerbModule } from '../context.ts'
import { eq } from '../drizzle.ts'
import type { Tx } from '../tx.ts'

/** Statistics of when verifications of an account are completed. */
export const completionVerbs = {
  loops: ({ read, write }) => ({
    /** Adds to the known ages at which the account's checks complete. Several nodes may call it at once. */
    changeCompletions: (accountId: string, change: BinsChange): Promise<void> =>
      write(async tx => {
        // Two nodes may change the same bins, which may have no row yet.
        await tx.lock([`completions ${accountId}`])
        const bins = changeBins(await load(tx, accountId), change)
        const rows = rowsOfBins(bins).map(row => ({ accountId, ...row }))
        await tx.all('DELETE FROM completion_bins WHERE account_id = @accountId', { accountId })
        await tx.insert('completionBins', rows)
      }),

    completionsOf: (accountId: string): Promise<CompletionBins> => read(tx => load(tx, accountId)),
  }),
} satisfies VerbModule

const load = async ({ select, schema: { completionBins } }: Tx, accountId: string) =>
  binsOfRows(await select().from(completionBins).where(eq(completionBins.accountId, accountId)))
