import { z } from 'zod'
import { MAX_NAME } from '../../core/line.ts'
import type { Act } from '../../store/operators/acts.ts'
import { ACT_OUTCOMES } from '../../store/schema/operators.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, lineField, textField } from '../json/fields.ts'
import { cursorField, listOf, PAGE_PARAMETERS, SPAN, viewPage } from '../json/pagination.ts'
import { readTimes, timed, ZONE } from '../json/times.ts'
import { packWords } from '../json/validate.ts'

const WHAT = packWords({ en: 'must be an act, such as account.pause', zh: '必须是某种操作，例如 account.pause' })
const OBJECT = packWords({ en: 'must be the id of an object, such as reg_…', zh: '必须是对象的 id，例如 reg_…' })
const AUDIT_QUERY = z.strictObject({
  who: lineField(MAX_NAME)
    .optional()
    .describe("The id or the name of a token; `ADMIN_TOKEN`; `command`, or the system's user who ran one."),
  act: textField(/^[a-z_]{1,30}\.[a-z_]{1,30}$/, WHAT)
    .optional()
    .describe('Only this act, such as `account.pause`.'),
  object: textField(/^[\x21-\x7e]{1,128}$/, OBJECT)
    .optional()
    .describe('Only acts on the object with this id.'),
  since: timed('Only acts done then or later.').optional(),
  zone: ZONE,
  limit: PAGE_PARAMETERS.limit,
  cursor: cursorField(z.int().min(0)),
})

const FACT = z.union([z.string(), z.number(), z.boolean()]).nullable().optional()
const AUDITED_ACT = z.object({
  at: AT,
  who: z.string().describe('The id of the token; `ADMIN_TOKEN`; `command`.'),
  name: z.string().describe("The token's name; of a command the system's user."),
  act: z.string(),
  object: z.string().nullable().describe('The id of the object; for an added account its APIID.'),
  reason: z.string().nullable(),
  changes: z
    .record(z.string(), z.strictObject({ before: FACT, after: FACT }))
    .nullable()
    .describe(
      'The requested changes, by field, such as `quotas.daily`. `before` is left out if there was no value or it is not known, `after` if the object is removed. Never contains secrets. At most 1 KiB is kept: long texts are cut, and the rest is left out.',
    ),
  outcome: z
    .enum(ACT_OUTCOMES)
    .describe(
      '`begun`: it is under way, or the process ended before it was finished: it may be done or not. `refused`: it was not allowed or not possible. `failed`: the service could not do it, or only a part.',
    ),
})

const viewAct = ({ changes, ...act }: Act) =>
  z.decode(AUDITED_ACT, { ...act, changes: changes === null ? null : JSON.parse(changes) })

/** `/v1/admin/audit`: the acts of operators. */
export const AUDIT_CALLS = {
  'GET /v1/admin/audit': adminOperation({
    role: 'admin',
    operationId: 'listActs',
    summary: 'List the acts of operators, newest first',
    description: 'Changes requested by the admin API and changes made by commands, kept for a year.',
    query: AUDIT_QUERY,
    answers: { 200: listOf(AUDITED_ACT, { since: SPAN.since }) },
    handle: async (c, { store, now }, { query: { who, act, object, limit, cursor, ...times } }) => {
      const { since } = readTimes(times, { now: now() })
      const filter = { who: who ?? null, act: act ?? null, object: object ?? null, since }
      const page = { ...filter, limit, before: cursor ?? null }
      return c.json(viewPage(await store.listActs(page), viewAct, { since }))
    },
  }),
} satisfies AdminCalls
