import { emptyBins } from '../../core/polling/completion-bins.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { eq, sql } from './drizzle.ts'
import { completionBins } from './schema.ts'

type Verbs = Pick<Store, 'changeCompletions' | 'completionsOf'>

export const createCompletions = ({ db, client, read, write }: Context): Verbs => {
  const fade = client.prepare<{ accountId: string; keep: number }>(
    `UPDATE completion_bins SET completions = completions * @keep, exposure_ms = exposure_ms * @keep
     WHERE account_id = @accountId`,
  )
  const add = db
    .insert(completionBins)
    .values({
      accountId: sql.placeholder('accountId'),
      bin: sql.placeholder('bin'),
      completions: sql.placeholder('completions'),
      exposureMs: sql.placeholder('exposureMs'),
    })
    .onConflictDoUpdate({
      target: [completionBins.accountId, completionBins.bin],
      set: {
        completions: sql`completions + excluded.completions`,
        exposureMs: sql`exposure_ms + excluded.exposure_ms`,
      },
    })
    .prepare()
  const ofAccount = db
    .select()
    .from(completionBins)
    .where(eq(completionBins.accountId, sql.placeholder('accountId')))
    .prepare()

  return {
    changeCompletions: (accountId, { keep, more }) =>
      write(() => {
        if (keep !== 1) fade.run({ accountId, keep })
        for (const [bin, exposureMs] of more.exposureMs.entries()) {
          const completions = more.completions[bin] ?? 0
          if (exposureMs > 0 || completions > 0) add.run({ accountId, bin, completions, exposureMs })
        }
      }),

    completionsOf: accountId =>
      read(() => {
        const bins = emptyBins()
        for (const { bin, completions, exposureMs } of ofAccount.all({ accountId })) {
          bins.completions[bin] = completions
          bins.exposureMs[bin] = exposureMs
        }
        return bins
      }),
  }
}
