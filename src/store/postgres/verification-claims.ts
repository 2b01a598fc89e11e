import { afterClaim } from '../../core/account.ts'
import {
  type DueWindow,
  FIRST_POLL_PLACE,
  heldUp,
  nextClaimAt,
  type PollPlace,
  type Survey,
  surveyAccount,
  takeInTurn,
} from '../rules/claim-verifications.ts'
import type { DueVerification } from '../rules/poll-queues.ts'
import { answerTogether } from '../rules/questions.ts'
import type { ClaimedAccount, ClaimedVerification, Store } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import { beginClaim } from './claim-stop.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import type { createQueueHeads } from './queue-heads.ts'
import { CLAIM, type ClaimedRow, claimedOf, DUE } from './verification-statements.ts'

interface Limits {
  /** The free slots of an account. */
  freeOf: (accountId: string) => number
  leaseMs: number
}

interface Claims {
  claims: { account: ClaimedAccount; verifications: readonly ClaimedVerification[] }[]
  places: readonly (readonly [accountId: string, place: PollPlace])[]
  surveys: readonly Pick<Survey, 'nextAt'>[]
}

/** @param heads that a node has found, of one store */
export const createVerificationClaims = (
  context: Context,
  heads: ReturnType<typeof createQueueHeads>,
): Pick<Store, 'claimVerifications'> => {
  const { write, read } = context
  const accounts = createAccountRows(context)
  /** By account: where the next claim of this node goes on. */
  const places = new Map<string, PollPlace>()

  const survey = (
    tx: Tx,
    of: readonly ClaimedAccount[],
    { freeOf, find }: Pick<Limits, 'freeOf'> & { find: typeof heads.look },
  ): Promise<Survey<ClaimedAccount>[]> =>
    answerTogether(
      of.map(account => surveyAccount(account, freeOf(account.id), tx.at)),
      ids => find(tx, ids),
    )

  /** Without locks: most looks find that nothing may be asked now. */
  const look = (freeOf: Limits['freeOf']) =>
    read(async tx => {
      const ids = await heads.waiting(tx)
      const surveys = await survey(tx, await accounts.those(tx, ids, { lock: 'none' }), { freeOf, find: heads.look })
      const isReady = ({ nextAt }: Survey) => nextAt !== null && nextAt <= tx.at
      return { ready: surveys.filter(isReady), later: surveys.filter(one => !isReady(one)) }
    })

  const claimFrom = async (
    tx: Tx,
    ready: readonly Survey<ClaimedAccount>[],
    { freeOf, leaseMs }: Limits,
  ): Promise<Claims> => {
    await beginClaim(tx)
    const headsOf = new Map(ready.map(one => [one.account.id, one.heads]))
    // What the rate allows is in the account's row, so nobody claims of an account but who has locked that.
    const locked = await accounts.those(tx, [...headsOf.keys()], { lock: 'skip' })
    const turns = await answerTogether(
      locked.map(account => {
        const from = places.get(account.id) ?? FIRST_POLL_PLACE
        return takeInTurn(account, headsOf.get(account.id) ?? [], { at: tx.at, free: freeOf(account.id), from })
      }),
      windows => dueIn(tx, windows),
    )
    const leaseEnd = tx.at + leaseMs
    const claimed = await claimDue(
      tx,
      turns.flatMap(({ taken }) => taken),
      leaseEnd,
    )
    const claims = turns.map(({ taken, place }, i) => {
      const account = locked[i] as ClaimedAccount
      const verifications = taken.flatMap(({ id }) => claimed.get(id) ?? [])
      const count = verifications.length
      const patch = count === 0 ? null : afterClaim(account, { now: tx.at, taken: count, leaseEnd })
      return { account, after: { ...account, ...patch }, verifications, place, isShort: count < taken.length }
    })
    const fruitful = claims.filter(({ verifications }) => verifications.length > 0)
    await accounts.save(
      tx,
      fruitful.map(({ after }) => after),
    )
    const takenOf = new Map(fruitful.map(({ account, verifications }) => [account.id, verifications.length]))
    const surveys = await survey(
      tx,
      claims.map(({ after }) => after),
      { freeOf: id => freeOf(id) - (takenOf.get(id) ?? 0), find: heads.lookOn },
    )
    const ours = new Set(locked.map(({ id }) => id))
    const skipped = ready.filter(({ account }) => !ours.has(account.id))
    return {
      claims: fruitful.map(({ account, verifications }) => ({ account, verifications })),
      places: claims.map(({ account, place }) => [account.id, place]),
      surveys: [
        ...surveys.map((one, i) => (claims[i]?.isShort ? heldUp(one, tx.at) : one)),
        ...skipped.map(one => heldUp(one, tx.at)),
      ],
    }
  }

  return {
    claimVerifications: async ({ busy, concurrency, leaseMs }) => {
      const freeOf = (accountId: string) => concurrency - (busy.get(accountId) ?? 0)
      const { ready, later } = await look(freeOf)
      if (ready.length === 0) return { claims: [], nextAt: nextClaimAt(later) }
      const claimed = await write(tx => claimFrom(tx, ready, { freeOf, leaseMs }))
      for (const [accountId, place] of claimed.places) places.set(accountId, place)
      return { claims: claimed.claims, nextAt: nextClaimAt([...later, ...claimed.surveys]) }
    },
  }
}

/** @returns of each window what is due in it */
const dueIn = async (tx: Tx, windows: readonly DueWindow[]): Promise<readonly DueVerification[][]> => {
  const rows = await tx.rows<DueVerification & { nth: number }>(DUE, [
    windows.map(({ accountId }) => accountId),
    windows.map(({ partnerId }) => partnerId),
    windows.map(({ queue }) => queue),
    windows.map(({ at }) => at),
    windows.map(({ after }) => after),
    windows.map(({ limit }) => limit),
  ])
  const byWindow = Map.groupBy(rows, ({ nth }) => nth - 1)
  return windows.map((_, i) => byWindow.get(i)?.map(({ id, dueAt }) => ({ id, dueAt })) ?? [])
}

/** Claims those of them that nobody has changed or locked meanwhile. */
const claimDue = async (
  tx: Tx,
  due: readonly DueVerification[],
  leaseEnd: number,
): Promise<ReadonlyMap<number, ClaimedVerification>> => {
  if (due.length === 0) return new Map()
  const [ids, dueAts] = [due.map(({ id }) => id), due.map(({ dueAt }) => dueAt)]
  const rows = await tx.rows<ClaimedRow>(CLAIM, [ids, dueAts, tx.at, leaseEnd])
  const dueAtOf = new Map(due.map(({ id, dueAt }) => [id, dueAt]))
  const byId = Map.groupBy(rows, ({ id }) => id)
  return new Map(
    [...byId].map(([id, [first, ...more]]) => [
      id,
      claimedOf([first as ClaimedRow, ...more], dueAtOf.get(id) ?? tx.at),
    ]),
  )
}
