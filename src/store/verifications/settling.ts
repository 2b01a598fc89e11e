import { type AccountChange, type AccountState, afterAccountChange } from '../../core/account.ts'
import { loadAccounts, saveAccounts } from '../accounts/rows.ts'
import type { StoreContext } from '../context.ts'
import { openMetadata } from '../registrations/registration.ts'
import { ENDED_BY, endRegistrations } from '../registrations/resolutions.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Dialect, type Row, type Tx } from '../tx.ts'
import {
  afterSettling,
  endsSomebody,
  outcomeOf,
  SETTLED_BY,
  settleVerification,
  type VerificationFacts,
} from './settle-verification.ts'
import type { VerificationOutcome, VerificationSettlement } from './verification.ts'

/** Settles what was claimed. Accounts are locked before verifications, as claims lock them. */
export const createVerificationSettling = (context: StoreContext) => {
  const { write, sealed, tell, defaultRate } = context

  const settleAll = async (
    tx: Tx,
    settlements: readonly VerificationSettlement[],
  ): Promise<(VerificationOutcome | null)[]> => {
    const changes = settlements.flatMap(({ account: { id, change } }) => (change ? { id, change } : []))
    await saveAccounts(tx, afterChanges(await accountsOf(tx, changes), changes, tx.at))
    const facts = await load(tx, settlements)
    const plans = settlements.map(settlement => {
      const before = facts.get(settlement.id) ?? null
      const plan = settleVerification(settlement, before, tx.at)
      if (before && plan) facts.set(settlement.id, afterSettling(before, plan))
      return plan
    })
    const counting = plans.filter(plan => plan !== null)
    // Of several about one verification the last says all.
    const updates = new Map(counting.map(({ update }) => [update.id, update]))
    await tx.update(
      'verifications',
      ['id'],
      [...updates.values()].map(update => {
        const owner = facts.get(update.id)
        return { ...update, verdict: owner && update.verdict ? sealed.verdict.seal(owner, update.verdict) : null }
      }),
    )
    await endRegistrations(
      tx,
      counting.flatMap(({ endings }) => endings),
      context,
    )
    return plans.map(plan => plan && outcomeOf(plan))
  }

  /** With the registrations that wait, of those of which some end. */
  const load = async (tx: Tx, settlements: readonly VerificationSettlement[]) => {
    const found = await find(tx, settlements)
    const ending = [...new Set(settlements.filter(endsSomebody).map(({ id }) => id))]
    const waiting = await tx.each<WaitingRow>(
      WAITING,
      ending.map(verificationId => ({ verificationId })),
    )
    const opened = waiting.map(rows => rows.map(row => ({ ...row, metadata: openMetadata(context, row) })))
    const waitingOf = new Map(ending.map((id, i) => [id, opened[i] ?? []]))
    return new Map(
      found.map((row): [number, VerificationFacts] => [row.id, { ...row, waiting: waitingOf.get(row.id) ?? [] }]),
    )
  }

  const accountsOf = (tx: Tx, changes: readonly { id: string }[]) =>
    loadAccounts(tx, [...new Set(changes.map(({ id }) => id))], { defaultRate, lock: 'wait' })

  return {
    settleVerifications: async settlements => {
      if (settlements.length === 0) return []
      const outcomes = await write(tx => settleAll(tx, settlements))
      const ended = outcomes.flatMap(outcome => outcome?.ended ?? [])
      if (ended.length > 0) tell([['messagesDue'], ['resolved', ended.map(({ registrationId }) => registrationId)]])
      return outcomes
    },
  } satisfies Partial<Store>
}

/** Those of the accounts that the changes, one after the other, change. */
const afterChanges = <Of extends AccountState & { id: string }>(
  accounts: readonly Of[],
  changes: readonly { id: string; change: AccountChange }[],
  at: number,
): Of[] => {
  const known = new Map(accounts.map(account => [account.id, account]))
  const changed = new Map<string, Of>()
  for (const { id, change } of changes) {
    const account = changed.get(id) ?? known.get(id)
    const patch = account && afterAccountChange(account, change, at)
    if (patch) changed.set(id, { ...account, ...patch })
  }
  return [...changed.values()]
}

/** Locked until the transaction ends. */
export const FIND = (d: Dialect) => `
  SELECT ${columnsOf('verifications', SETTLED_BY)}, verdict IS NOT NULL AS "isResolved"
  FROM verifications WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate()}`

/** Those that there are, locked in the order of their ids. */
const find = (tx: Tx, wanted: readonly { id: number }[]) =>
  tx.all<Omit<VerificationFacts, 'waiting'>>(FIND, { ids: wanted.map(({ id }) => id) })

/** The registrations that wait for a verification. */
export const WAITING = `
  SELECT ${columnsOf('registrations', ENDED_BY)}
  FROM registrations WHERE verification_id = @verificationId AND status = 'pending' ORDER BY n`

type WaitingRow = Pick<Row<'registrations'>, (typeof ENDED_BY)[number]>
