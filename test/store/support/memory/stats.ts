import { MESSAGE_STATES } from '../../../../src/core/message.ts'
import { REGISTRATION_STATUSES } from '../../../../src/core/registration.ts'
import { viewAccount } from '../../../../src/store/account.ts'
import { isUnderWay } from '../../../../src/store/rules/bulk-act.ts'
import { STILL_FAILING_MS } from '../../../../src/store/rules/callback-health.ts'
import { earlier } from '../../../../src/store/rules/lane.ts'
import { LONGEST_RAMP_MS } from '../../../../src/store/rules/ramp.ts'
import { statsOf } from '../../../../src/store/stats.ts'
import type { Store } from '../../../../src/store/store.ts'
import type { Context } from './context.ts'
import type { MessageRow } from './tables.ts'

type Waiting = Pick<MessageRow, 'partnerId' | 'dueAt' | 'claimedAt'>

const countBy = <Key extends string>(keys: readonly Key[], ofRows: readonly Key[]) =>
  Object.fromEntries(keys.map(key => [key, ofRows.filter(one => one === key).length])) as Record<Key, number>

/** Counts everything anew each time. */
export const createStats = ({
  tables,
  now,
  defaultRate,
}: Context): Pick<Store, 'stats' | 'engineStats' | 'engineCounts'> => {
  const queueOf = (rows: readonly Waiting[], at: number) => {
    const waiting = rows.filter(({ dueAt }) => dueAt !== null)
    const due = waiting.flatMap(({ dueAt, partnerId }) =>
      dueAt !== null && dueAt <= at && tables.partners.get(partnerId)?.disabled === false ? [dueAt] : [],
    )
    return {
      waiting: waiting.length,
      leased: waiting.filter(({ claimedAt }) => claimedAt !== null).length,
      due: due.length,
      oldestDueAt: due.reduce<number | null>(earlier, null),
    }
  }

  const busiestOf = (at: number) =>
    tables.lanes
      .all()
      .map(({ id, partnerId, host, strikes }) => {
        const { due } = queueOf(
          tables.messages.where(({ laneId }) => laneId === id),
          at,
        )
        return { partnerId, partnerName: tables.partners.get(partnerId)?.name ?? '', host, strikes, due }
      })
      .filter(({ due }) => due > 0)
      .sort((a, b) => b.due - a.due || (`${a.partnerId} ${a.host}` < `${b.partnerId} ${b.host}` ? -1 : 1))[0] ?? null

  return {
    stats: async () => {
      const at = now()
      const messages = tables.messages.all()
      const accounts = tables.accounts.all().sort((a, b) => (a.id < b.id ? -1 : 1))
      return statsOf({
        at,
        accounts: accounts.map(row => ({
          account: viewAccount({ ...row, apiKey: Buffer.alloc(0) }, defaultRate),
          state: row,
          queue: queueOf(
            tables.verifications.where(({ accountId }) => accountId === row.id),
            at,
          ),
        })),
        deliveries: {
          ...queueOf(messages, at),
          held: messages.filter(({ state, dueAt }) => state === 'pending' && dueAt === null).length,
          busiest: busiestOf(at),
          ramps: tables.lanes.where(({ rampAt }) => rampAt !== null && rampAt > at - LONGEST_RAMP_MS),
        },
        registrations: countBy(
          REGISTRATION_STATUSES,
          tables.registrations.all().map(({ status }) => status),
        ),
        messages: countBy(
          MESSAGE_STATES,
          messages.map(({ state }) => state),
        ),
        callbacks: {
          held: tables.pauses.all().length,
          failing: tables.health.where(one => one.state === 'failing' && one.lastAt > at - STILL_FAILING_MS).length,
          disabled: tables.health.where(one => one.state === 'disabled').length,
        },
        openResends: tables.resends.where(({ done }) => !done),
        openActs: tables.bulkActs
          .where(({ state }) => isUnderWay(state))
          .map(({ counted, done }) => ({ count: counted.count, done })),
      })
    },

    engineStats: async () => {
      throw new Error('there is no engine')
    },
    engineCounts: async () => {
      throw new Error('there is no engine')
    },
  }
}
