import { z } from 'zod'
import type { PauseReason } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'

/** What the answers are made of. */

export const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_\\w{1,60}$`))

export const AT = z.iso.datetime()
export const AT_OR_NULL = AT.nullable()
export const COUNT = z.int().min(0)

const QUOTA = COUNT.nullable()
export const QUOTAS = z
  .strictObject({ pending: QUOTA, hosts: QUOTA, daily: QUOTA })
  .describe(
    'Null: no limit. Registrations that wait for their verdict; different callback hosts; new registrations in 24 hours.',
  )

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Pass it as `cursor` for the next page; null: this was the last.'),
  })

export const ANSWER_KINDS = [
  'verdict',
  'waiting',
  'unknown_status',
  'not_found',
  'invalid_id',
  'transient',
  'throttled',
  'account',
  'clock',
] as const satisfies Answer['kind'][]

export const ACCOUNT_FAULTS = [
  'egress_ip',
  'credentials_missing',
  'app_missing',
  'credentials_wrong',
  'frozen',
  'clock',
  'password_refused',
  'no_contract',
  'password_or_balance',
  'serial_not_received',
  'unknown_code',
  'operator',
] as const satisfies PauseReason[]
