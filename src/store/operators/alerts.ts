import {
  ALERT_KINDS,
  type Alert,
  type AlertCondition,
  afterNotice,
  afterObservation,
  byUrgency,
  MAX_ALERTS,
  MAX_NOTICE_WAIT_MS,
  type Observation,
  subjectKey,
} from '../../core/alert.ts'
import { MINUTE } from '../../core/duration.ts'
import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { VerbModule } from '../context.ts'
import { and, asc, desc, eq, gt, lt, lte, or } from '../drizzle.ts'
import { type Page, pageOf } from '../page.ts'
import { columnsOf, type Row, type Sql, type Tx } from '../tx.ts'
import { CHANNEL_REFUSING, EVENTS_CLAIMABLE, findFact, putFact, removeFact } from './facts.ts'

type AlertName = Pick<Alert, 'condition' | 'subject'>
export type FiringAlert = Pick<Alert, 'condition' | 'subject' | 'since' | 'at'>

/** Position of an alert in the list, which begins with the one noted last. */
export type AlertPlace = Pick<ClaimedAlert, 'at' | 'id'>
export interface ListedAlerts extends Page<Alert, AlertPlace> {
  refusing: RefusingChannel | null
}

/** Result of notes, besides the alerts that are due now. */
export interface NotedAlerts {
  /** Noted, without a notice that is due now. */
  merged: readonly AlertCondition[]
  /** Alerts deleted, because more than `MAX_ALERTS` were stored. */
  dropped: readonly AlertCondition[]
}

export interface AlertClaimRequest {
  limit: number
  leaseMs: number
  /** Minimum time from a claim that returns alerts to the next one, on any node. */
  gapMs: number
}

export interface ClaimedAlert extends Alert {
  id: number
  /** Fencing token. */
  claim: number
}

export interface AlertSettlement {
  alerts: readonly Pick<ClaimedAlert, 'condition' | 'subject' | 'claim' | 'state' | 'count' | 'details'>[]
  /**
   * `told`: operators were notified of this state and count; `untold`: due again; `dropped`: refused, not due any more.
   */
  outcome: 'told' | 'untold' | 'dropped'
  /** Earliest time of the next claim; null: as set by the claim. */
  claimableAt: number | null
}

/** Returns when the alert is due, and its last notice, after its claim is settled. */
const afterSettling = (
  alert: Alert,
  notice: Pick<Alert, 'condition' | 'state' | 'count' | 'details'>,
  { outcome, at }: { outcome: AlertSettlement['outcome']; at: number },
): Pick<Alert, 'toldState' | 'toldAt' | 'dueAt'> => {
  const { toldState, toldAt } = alert
  if (outcome === 'told') return afterNotice(alert, notice, at)
  return { toldState, toldAt, dueAt: outcome === 'untold' ? at : null }
}

/** `details` is JSON. */
const alertOfRow = ({ details, claims, ...row }: Row<'operatorEvents'>): ClaimedAlert => ({
  ...row,
  details: JSON.parse(details) as Alert['details'],
  claim: claims,
})

const toRow = ({ condition, subject, state, since, at, count, details, toldState, toldAt, dueAt }: Alert) => ({
  condition,
  subject,
  state,
  since,
  at,
  count,
  toldState,
  toldAt,
  dueAt,
  details: JSON.stringify(details),
})

/** Held by each change of alerts: their number and the next claim's time concern all of them. */
const LOCK = 'operator events'

/** Alerts for the operators' channel. */
export const alertVerbs = {
  loops: ({ read, write }) => {
    const change = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
      write(async tx => {
        await tx.lock([LOCK])
        return run(tx)
      })

    return {
      /** Notes conditions, each by `afterObservation`. At most 1,000 alerts are stored. */
      noteAlerts: (notes: readonly Observation[]): Promise<NotedAlerts> =>
        change(async tx => {
          const stored = await findAll(tx, notes)
          const alerts = new Map<string, Alert>(stored)
          const noted = notes.flatMap(note => {
            const after = afterObservation(alerts.get(subjectKey(note)) ?? null, note, tx.at)
            if (after === null) return []
            alerts.set(subjectKey(note), after)
            return [after]
          })
          // Only the last state of each alert is written.
          const rows = [...new Map(noted.map(alert => [subjectKey(alert), toRow(alert)])).values()]
          const isStored = (row: AlertName) => stored.has(subjectKey(row))
          await tx.update('operatorEvents', ['condition', 'subject'], rows.filter(isStored))
          const added = rows.filter(row => !isStored(row))
          await tx.insert('operatorEvents', added)
          // No notice of them is due now.
          const merged = noted.filter(({ dueAt }) => dueAt === null || dueAt > tx.at).map(({ condition }) => condition)
          const dropped = await tx.all<Pick<Alert, 'condition'>>(DROP_OVERFLOW)
          return { merged, dropped: dropped.map(({ condition }) => condition) }
        }),

      /**
       * Claims due alerts in the order of `byUrgency`, each for one caller until its lease ends.
       * Returns none within `gapMs` after a claim that returned alerts, on any node.
       */
      claimAlerts: async ({ limit, leaseMs, gapMs }: AlertClaimRequest): Promise<ClaimedAlert[]> => {
        if ((await read(due)).length === 0) return []
        return change(async tx => {
          const alerts = (await due(tx)).toSorted(byUrgency).slice(0, limit)
          const claimed = alerts.map(({ id, claim }) => ({ id, claims: claim + 1, dueAt: tx.at + leaseMs }))
          await tx.update('operatorEvents', ['id'], claimed)
          if (alerts.length > 0) await putFact(tx, EVENTS_CLAIMABLE, tx.at + gapMs)
          return alerts.map(alert => ({ ...alert, claim: alert.claim + 1 }))
        })
      },

      /** Records the result of a notice. Changes no alert that was claimed again since. */
      settleAlerts: ({ alerts, outcome, claimableAt }: AlertSettlement): Promise<void> =>
        change(async tx => {
          const stored = await findAll(tx, alerts)
          const settled = alerts.flatMap(notice => {
            const alert = stored.get(subjectKey(notice))
            if (alert?.claim !== notice.claim) return []
            return [{ id: alert.id, ...afterSettling(alert, notice, { outcome, at: tx.at }) }]
          })
          await tx.update('operatorEvents', ['id'], settled)
          if (claimableAt !== null) await putFact(tx, EVENTS_CLAIMABLE, claimableAt)
        }),

      /** After the clock was set back: makes alerts due now, but for those that another node may have claimed since. */
      hastenAlerts: (): Promise<void> =>
        change(async tx => {
          await tx.all('UPDATE operator_events SET due_at = @at WHERE due_at > @latest', {
            at: tx.at,
            latest: tx.at + MINUTE,
          })
          await removeFact(tx, EVENTS_CLAIMABLE)
        }),

      /** Returns the alerts that have not ended, in the order in which they were first noted. */
      firingAlerts: (): Promise<FiringAlert[]> =>
        read(({ select, schema: { operatorEvents } }) => {
          const { condition, subject, since, at, id } = operatorEvents
          const firing = select({ condition, subject, since, at }).from(operatorEvents)
          return firing.where(eq(operatorEvents.state, 'firing')).orderBy(asc(id))
        }),

      /** Records that the channel refuses every notice; null: it does not, or none is set. */
      recordOperatorChannel: (refusing: RefusingChannel | null): Promise<void> =>
        write(tx => (refusing === null ? removeFact(tx, CHANNEL_REFUSING) : putFact(tx, CHANNEL_REFUSING, refusing))),
    }
  },

  searches: ({ read, queued }) => ({
    /** Returns the stored alerts, last noted first, and whether the channel refuses everything. */
    listAlerts: (page: { limit: number; before: AlertPlace | null }): Promise<ListedAlerts> =>
      queued('listAlerts', () =>
        read(async tx => {
          const { limit, before } = page
          const { operatorEvents } = tx.schema
          const { at, id } = operatorEvents
          const older = before === null ? undefined : or(lt(at, before.at), and(eq(at, before.at), lt(id, before.id)))
          const found = tx.select().from(operatorEvents).where(older).orderBy(desc(at), desc(id))
          const rows = (await found.limit(limit + 1)).map(alertOfRow)
          const listed = pageOf(rows, limit, last => ({ at: last.at, id: last.id }))
          return { ...listed, refusing: await findFact(tx, CHANNEL_REFUSING) }
        }),
      ),
  }),
} satisfies VerbModule

const COLUMNS = ['id', 'condition', 'subject', 'state', 'since', 'at', 'count', 'details'] as const
const NOTICE_COLUMNS = ['toldState', 'toldAt', 'dueAt', 'claims'] as const
const FIND: Sql = d => `
  SELECT ${columnsOf('operatorEvents', [...COLUMNS, ...NOTICE_COLUMNS], 'e')}
  FROM ${d.rows('names', { condition: 'text', subject: 'text' })}
    JOIN operator_events e ON e.condition = names.condition AND e.subject = names.subject`

/** Returns the stored ones of these alerts, by `subjectKey`. */
const findAll = async (tx: Tx, names: readonly AlertName[]): Promise<Map<string, ClaimedAlert>> => {
  const rows = await tx.all<Row<'operatorEvents'>>(FIND, { names })
  return new Map(rows.map(row => [subjectKey(row), alertOfRow(row)]))
}

const due = async (tx: Tx): Promise<ClaimedAlert[]> => {
  const latest = tx.at + MAX_NOTICE_WAIT_MS
  const claimableAt = (await findFact(tx, EVENTS_CLAIMABLE)) ?? 0
  if (claimableAt > tx.at && claimableAt <= latest) return []
  const { operatorEvents } = tx.schema
  const isDue = or(lte(operatorEvents.dueAt, tx.at), gt(operatorEvents.dueAt, latest))
  return (await tx.select().from(operatorEvents).where(isDue)).map(alertOfRow)
}

const conditions = Object.entries(ALERT_KINDS)
const among = (kinds: typeof conditions): string => `condition IN (${kinds.map(([name]) => `'${name}'`).join(', ')})`
const [ENDLESS, OF_ACCOUNTS, OF_PARTNERS] = [
  among(conditions.filter(([, { end }]) => end === null)),
  among(conditions.filter(([, { severity }]) => severity === 1)),
  among(conditions.filter(([, { severity }]) => severity === 2)),
]
/** Beyond the limit, alerts with no notice left to send go first, then the least severe; of equals the oldest. */
const DROP_OVERFLOW = `
  DELETE FROM operator_events WHERE id NOT IN (
    SELECT id FROM operator_events
    ORDER BY due_at IS NULL AND (state = 'resolved' OR ${ENDLESS}),
      CASE WHEN ${OF_PARTNERS} THEN 2 WHEN ${OF_ACCOUNTS} THEN 1 ELSE 0 END, at DESC, id DESC
    LIMIT ${MAX_ALERTS})
  RETURNING condition`
