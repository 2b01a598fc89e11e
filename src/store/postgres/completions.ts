import { changeBins } from '../../core/polling/completion-bins.ts'
import { type BinRow, binsOfRows, rowsOfBins } from '../completions.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'changeCompletions' | 'completionsOf'>

export const createCompletions = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => ({
  changeCompletions: (accountId, change) =>
    write(async tx => {
      // Two nodes change the same bins, of which there may be no row yet.
      await tx.lock([`completions ${accountId}`])
      const rows = rowsOfBins(changeBins(await load(tx, accountId), change))
      await tx.rows('DELETE FROM completion_bins WHERE account_id = $1', [accountId])
      await tx.rows(
        `INSERT INTO completion_bins (account_id, bin, completions, exposure_ms)
         SELECT $1, * FROM unnest($2::int[], $3::float8[], $4::float8[])`,
        [
          accountId,
          rows.map(({ bin }) => bin),
          rows.map(({ completions }) => completions),
          rows.map(({ exposureMs }) => exposureMs),
        ],
      )
    }),

  completionsOf: accountId => read(tx => load(tx, accountId)),
})

const load = async (tx: Tx, accountId: string) =>
  binsOfRows(
    await tx.rows<BinRow>(
      'SELECT bin, completions, exposure_ms AS "exposureMs" FROM completion_bins WHERE account_id = $1',
      [accountId],
    ),
  )
