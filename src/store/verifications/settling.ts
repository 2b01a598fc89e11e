import { type AccountChange, afterAccountChange } from '../../core/account.ts'
import { createAccountRows } from '../accounts/account-rows.ts'
import type { StoreContext } from '../context.ts'
import { afterReleasing, afterResolving } from '../hints.ts'
import { endRegistrations } from '../registrations/resolutions.ts'
import { openMetadata } from '../registrations/rows.ts'
import {
  afterReleasingOne,
  afterSettling,
  endedBy,
  endsSomebody,
  outcomeOf,
  releaseVerification,
  settleVerification,
  type VerificationFacts,
  type VerificationPlan,
  type WaitingRegistration,
} from '../rules/settle-verification.ts'
import type { Store, VerificationOutcome, VerificationRelease, VerificationSettlement } from '../store.ts'
import { columnsOf, type Dialect, type Tx } from '../tx.ts'

/** Settles and gives back what was claimed. */
export const createVerificationSettling = (context: StoreContext) => {
  const { write, sealed, tell } = context
  const accounts = createAccountRows(context)

  /** Accounts that are changed one answer after the other: locked and read once, written once. */
  const openAccounts = async (tx: Tx, ids: readonly string[]) => {
    const known = ids.length === 0 ? new Map<string, never>() : await accounts.load(tx, ids)
    const changed = new Set<string>()
    return {
      change: (id: string, change: AccountChange) => {
        const account = known.get(id)
        const patch = account && afterAccountChange(account, change, tx.at)
        if (!patch) return
        Object.assign(account, patch)
        changed.add(id)
      },
      save: () =>
        accounts.save(
          tx,
          [...changed].flatMap(id => known.get(id) ?? []),
        ),
    }
  }

  const waitingFor = async (tx: Tx, verificationIds: readonly number[]) => {
    if (verificationIds.length === 0) return new Map<number, never>()
    const found = await tx.each<FoundRegistration>(
      WAITING,
      verificationIds.map(verificationId => ({ verificationId })),
    )
    const opened = found.flat().map(row => ({ ...row, metadata: openMetadata(context, row) }))
    return Map.groupBy(opened, ({ verificationId }) => verificationId)
  }

  const load = async (tx: Tx, settlements: readonly VerificationSettlement[]) => {
    const found = await find(tx, settlements)
    const ending = new Set(settlements.filter(endsSomebody).map(({ id }) => id))
    const waiting = await waitingFor(tx, [...ending])
    const facts = [...found.values()].map((row): VerificationFacts => ({ ...row, waiting: waiting.get(row.id) ?? [] }))
    return new Map(facts.map(one => [one.id, one]))
  }

  const save = async (
    tx: Tx,
    plans: readonly VerificationPlan[],
    facts: ReadonlyMap<number, VerificationFacts>,
  ): Promise<void> => {
    // Of several about one verification the last says all.
    const updates = [...new Map(plans.map(({ update }) => [update.id, update])).values()]
    if (updates.length === 0) return
    await tx.update(
      'verifications',
      ['id'],
      updates.map(update => {
        const owner = facts.get(update.id)
        const verdict = update.verdict && owner ? sealed.verdict.seal(owner, update.verdict) : null
        return { ...update, verdict, claimedAt: null }
      }),
    )
  }

  const settleAll = async (
    tx: Tx,
    settlements: readonly VerificationSettlement[],
  ): Promise<(VerificationOutcome | null)[]> => {
    const changes = settlements.flatMap(({ account: { id, change } }) => (change ? { id, change } : []))
    const changing = await openAccounts(
      tx,
      changes.map(({ id }) => id),
    )
    for (const { id, change } of changes) changing.change(id, change)
    await changing.save()
    const facts = await load(tx, settlements)
    const plans = settlements.map(settlement => {
      const before = facts.get(settlement.id) ?? null
      const plan = settleVerification(settlement, before, tx.at)
      if (before && plan) facts.set(settlement.id, afterSettling(before, plan))
      return plan
    })
    const counting = plans.filter(plan => plan !== null)
    await save(tx, counting, facts)
    await endRegistrations(
      tx,
      counting.flatMap(({ endings }) => endings),
      context,
    )
    return plans.map(plan => plan && outcomeOf(plan))
  }

  /** @returns how many were released */
  const releaseAll = async (tx: Tx, releases: readonly VerificationRelease[]): Promise<number> => {
    const changing = await openAccounts(
      tx,
      releases.flatMap(({ canaryOf }) => canaryOf ?? []),
    )
    const facts = await find(tx, releases)
    const updates = releases.flatMap(release => {
      const before = facts.get(release.id) ?? null
      const update = releaseVerification(release, before, tx.at)
      if (!before || !update) return []
      facts.set(release.id, { ...before, ...afterReleasingOne(update) })
      if (release.canaryOf !== null) changing.change(release.canaryOf, { kind: 'unasked' })
      return update
    })
    if (updates.length === 0) return 0
    await tx.update(
      'verifications',
      ['id'],
      updates.map(update => ({ ...update, claimedAt: null })),
    )
    await changing.save()
    return updates.length
  }

  return {
    settleVerifications: async settlements => {
      if (settlements.length === 0) return []
      const outcomes = await write(tx => settleAll(tx, settlements))
      tell(afterResolving(endedBy(outcomes)))
      return outcomes
    },

    releaseVerifications: async releases => {
      if (releases.length === 0) return
      const released = await write(tx => releaseAll(tx, releases))
      tell(afterReleasing(released))
    },
  } satisfies Partial<Store>
}

/** Locked until the transaction ends. */
export const FIND = (d: Dialect) => `
  SELECT ${columnsOf('verifications', ['id', 'idcardid', 'accountId', 'partnerId', 'claims', 'claimedAt', 'nudgedAt', 'queue'])},
    ${columnsOf('verifications', ['polls', 'lastOpenAt', 'rawStatus'])}, verdict IS NOT NULL AS "isResolved"
  FROM verifications WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate()}`

type FoundVerification = Omit<VerificationFacts, 'waiting'>

/** Those that there are, by their ids, locked in the order of these. */
const find = async (tx: Tx, wanted: readonly { id: number }[]): Promise<Map<number, FoundVerification>> => {
  const rows = await tx.all<FoundVerification>(FIND, { ids: wanted.map(({ id }) => id) })
  return new Map(rows.map(row => [row.id, row]))
}

/** The registrations that wait for a verification. */
export const WAITING = `
  SELECT ${columnsOf('registrations', ['verificationId', 'n', 'id', 'partnerId', 'laneId', 'callbackUrl', 'metadata'])},
    ${columnsOf('registrations', ['traceparent', 'createdAt'])}
  FROM registrations WHERE verification_id = @verificationId AND status = 'pending' ORDER BY n`

interface FoundRegistration extends Omit<WaitingRegistration, 'metadata'> {
  metadata: Buffer | string
}
