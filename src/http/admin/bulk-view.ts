import { z } from 'zod'
import type { ChangeFacts } from '../../core/changes.ts'
import { SECOND } from '../../core/duration.ts'
import { LISTED_STATES } from '../../core/message.ts'
import { maskSerial, REGISTRATION_STATUSES } from '../../core/registration.ts'
import type { Role } from '../../core/role.ts'
import { REASONS } from '../../core/verification.ts'
import { BULK_RATE, type BulkAct } from '../../store/bulk/states.ts'
import { BULK_ACTS } from '../../store/registrations/filter.ts'
import { BULK_STATES } from '../../store/schema/operators.ts'
import { AT, AT_OR_NULL, COUNT, idField, TEXT_OR_NULL } from '../json/fields.ts'
import { FOUND_REGISTRATION, seesAll } from './registration-view.ts'

export const BULK = z.object({
  id: idField('(bulk|resend)').nullable().describe('Null of a dry run.'),
  act: z.enum(BULK_ACTS),
  filter: z.object({
    partner: TEXT_OR_NULL,
    serial: TEXT_OR_NULL,
    account: TEXT_OR_NULL.describe('The id of the account.'),
    status: z.enum(REGISTRATION_STATUSES).nullable(),
    reason: z.enum(REASONS).nullable(),
    delivery: z.enum(LISTED_STATES).nullable(),
    host: TEXT_OR_NULL,
    error: TEXT_OR_NULL,
    since: AT_OR_NULL,
    until: AT_OR_NULL,
    messageSince: AT_OR_NULL,
    messageUntil: AT_OR_NULL,
  }),
  reason: z.string(),
  who: z
    .string()
    .describe(
      'The id of the token that created it, `ADMIN_TOKEN`, or the id of the partner that called `POST /v1/resend`.',
    ),
  name: z.string(),
  probe: z.boolean(),
  state: z
    .enum(BULK_STATES)
    .describe(
      '`probing`: one webhook was sent, and its outcome decides. `failed`: that webhook did not arrive, or a step failed; see `error`.',
    ),
  probed: z
    .strictObject({ registrationId: idField('reg'), arrivedAt: AT_OR_NULL })
    .nullable()
    .describe(
      'The registration whose webhook was sent as the probe: `GET /v1/admin/registrations/{id}` says what it waits for. Null: none was sent.',
    ),
  count: COUNT.describe('How many registrations matched when it was created.'),
  countIsCapped: z.boolean().describe('There may be more than `count`.'),
  done: COUNT,
  ratePerSecond: z
    .number()
    .min(0)
    .nullable()
    .describe('Measured since its last start, or since its probe arrived; null: not yet known.'),
  secondsLeft: COUNT.nullable().describe('Estimated from that rate; null: not under way, or not known.'),
  createdAt: AT,
  startedAt: AT_OR_NULL,
  endedAt: AT_OR_NULL,
  error: TEXT_OR_NULL.describe(
    'Why its probe failed, such as `no_response`, `http_503` or `cancelled`; `internal`: a step failed, see `bulk.failed` in the log.',
  ),
})

export const BULK_DRAFT = z.object({
  ...BULK.shape,
  sample: z.array(FOUND_REGISTRATION).describe('The newest ten that match.'),
  estimatedSeconds: COUNT.describe(`How long it takes at ${BULK_RATE} a second, which is the most.`),
})

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
/** For the audit: not the serial, which only the role `admin` sees. */
export const bulkFacts = ({ act, filter }: Pick<BulkAct, 'act' | 'filter'>): ChangeFacts => {
  const { partnerId, accountId, status, reason, delivery, host, error } = filter
  const { since, until, messageSince, messageUntil } = filter
  return {
    ...{ act, partnerId, accountId, status, reason, delivery, host, error },
    ...{ since: isoOf(since), until: isoOf(until) },
    ...{ messageSince: isoOf(messageSince), messageUntil: isoOf(messageUntil) },
  }
}

const progressOf = ({ state, startedAt, endedAt, probedAt, doneAtStart, done, counted }: BulkAct, now: number) => {
  const seconds = startedAt === null ? 0 : ((endedAt ?? now) - Math.max(startedAt, probedAt ?? 0)) / SECOND
  if (seconds <= 0) return { ratePerSecond: null, secondsLeft: null }
  const rate = (done - doneAtStart) / seconds
  const isKnown = state === 'running' && rate > 0 && !counted.isCapped
  return {
    ratePerSecond: Math.round(rate * 10) / 10,
    secondsLeft: isKnown ? Math.ceil(Math.max(0, counted.count - done) / rate) : null,
  }
}

export const viewBulk = (bulk: BulkAct, { role, now }: { role: Role; now: number }): z.output<typeof BULK> => {
  const { filter } = bulk
  const serial = filter.idcardid
  return z.decode(BULK, {
    ...bulk,
    filter: {
      ...filter,
      partner: filter.partnerId,
      serial: serial === null || seesAll(role) ? serial : maskSerial(serial),
      account: filter.accountId,
    },
    probed: bulk.probeId === null ? null : { registrationId: bulk.probeId, arrivedAt: bulk.probedAt },
    count: bulk.counted.count,
    countIsCapped: bulk.counted.isCapped,
    ...progressOf(bulk, now),
  })
}
