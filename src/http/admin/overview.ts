import { z } from 'zod'
import type { Language } from '../../core/language.ts'
import { CATALOGUES, describeTrouble } from '../../core/operator-texts/describe.ts'
import type { ShowTime } from '../../core/show-time.ts'
import type { TroubleCode } from '../../core/trouble.ts'
import { isAlive } from '../../store/operators/nodes.ts'
import { BUSY_TABLES } from '../../store/stats/stats.ts'
import { troublesOf } from '../../store/stats/troubles.ts'
import type { Store } from '../../store/store.ts'
import { findWriteError } from '../../store/unavailable.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, AT_OR_NULL, COUNT, idField } from '../json/fields.ts'
import { answerLanguage } from '../language.ts'
import { ACCOUNT, namedFacts } from './accounts.ts'
import { NODE, namedNodes } from './nodes.ts'

const countsOf = <Name extends string>(names: readonly Name[]) =>
  z.object(Object.fromEntries(names.map(name => [name, COUNT])) as Record<Name, typeof COUNT>)

const QUEUE = {
  due: COUNT.describe('Items that can be claimed now. Nothing of a disabled partner is due.'),
  dueIsCapped: z.boolean().describe('There are more than `due`.'),
  scheduled: COUNT.describe('Due later, or of a disabled partner.'),
  leased: COUNT.describe('Under way.'),
  oldestDueAt: AT_OR_NULL.describe('When the longest waiting item became due; null: none is due.'),
}
const MS = z.number().min(0)

const bulkOf = (remaining: string) => z.object({ open: COUNT, remaining: COUNT.describe(remaining) })

const SQLITE = z.object({
  kind: z.literal('sqlite'),
  databaseBytes: COUNT,
  walBytes: COUNT,
  diskFreeBytes: COUNT.nullable(),
})
const POSTGRES = z.object({
  kind: z.literal('postgres'),
  databaseBytes: COUNT,
  serverVersion: z.string(),
  deadRows: countsOf(BUSY_TABLES).describe('Estimated number of dead rows that are not removed yet.'),
  oldestSnapshotMs: MS.describe('How long the oldest transaction has kept dead rows from being removed.'),
})

export const OVERVIEW = z.object({
  at: AT,
  language: z.enum(['en', 'zh']),
  problems: z
    .array(
      z.object({
        code: z.enum(Object.keys(CATALOGUES.en.troubles) as TroubleCode[]),
        account: z.string().nullable().describe('The APIID, if the problem concerns an account.'),
        path: z.string().nullable().describe('Of the backup that failed, or of the last good one that is too old.'),
        since: AT_OR_NULL,
        sentence: z.string().describe('What is wrong.'),
        remedy: z.string().describe('What to do.'),
        advice: z.string().describe('The same, without the commands for what the console has buttons for.'),
      }),
    )
    .describe('The worst first; empty if nothing is wrong.'),
  accounts: z.array(
    z.object({
      ...ACCOUNT.omit({ mode: true, partnerId: true }).shape,
      removed: z.boolean().describe('It is removed, and listed until no serial waits for it.'),
      nextTryAt: AT_OR_NULL.describe('When the next trial call is made, in a pause or an outage.'),
      answerMs: MS.nullable().describe(
        'How long GetResult took to answer in the last minute, on average; of fewer than three calls, the last three within five minutes; null: not known.',
      ),
      waiting: COUNT.describe('Waiting serials.'),
      ...QUEUE,
    }),
  ),
  polls: z.object(QUEUE).describe('Serials to be polled, of all accounts.'),
  deliveries: z.object({
    ...QUEUE,
    held: COUNT.describe('Webhooks whose URL answered 410 or is disabled.'),
  }),
  callbacks: z.object({
    gone: COUNT.describe('URLs held after a 410.'),
    failing: COUNT.describe('URLs where every attempt of an hour or more, ten at least, has failed.'),
    disabled: COUNT.describe('URLs that are disabled: after five days of failed attempts only, or by an operator.'),
  }),
  failingHosts: z
    .object({
      worst: z
        .array(
          z.object({
            ...{ partnerId: idField('partner'), partnerName: z.string(), host: z.string(), since: AT },
            error: z.string().describe('Why attempts fail, such as `no_response ECONNREFUSED`.'),
            waiting: COUNT.describe('Undelivered webhooks for the host.'),
          }),
        )
        .readonly(),
      hosts: COUNT.describe('How many there are.'),
    })
    .describe('Hosts of URLs that only fail and are still tried, by partner: the ones that have failed longest.'),
  bulk: z.object({
    resends: bulkOf('Webhooks that are still to be made due.').describe('Bulk resends of partners.'),
    acts: bulkOf('Estimated number of registrations still to be processed.').describe(
      'Bulk acts of operators that are under way.',
    ),
  }),
  nodes: z.array(NODE).describe('The nodes on this database, oldest first.'),
  disabledPartners: z
    .array(z.object({ id: idField('partner'), name: z.string() }))
    .readonly()
    .describe('Disabled partners with waiting registrations or webhooks, oldest first, 20 at most.'),
  backup: z
    .object({
      good: z
        .object({ at: AT.describe('The time of the data in the backup.'), path: z.string(), bytes: COUNT })
        .nullable()
        .describe('The newest successful backup; null: none is known.'),
      failed: z
        .object({ at: AT, reason: z.string().describe('A word, such as `no_room`.'), path: z.string().optional() })
        .nullable()
        .describe('The newest failed backup without a good one into its folder since; null: none.'),
    })
    .describe('Backups made by the command `backup`, for SQLite.'),
  engine: z.discriminatedUnion('kind', [SQLITE, POSTGRES]),
})
/** State of the service, in words and numbers. */
export type Overview = z.output<typeof OVERVIEW>

interface Reader {
  language: Language
  /** Writes a time (epoch ms) in the reader's zone; in that of the language, if not given. */
  showTime?: ShowTime
  /** Whether a service has the database open, if the reader knows it; null: the nodes seen lately decide. */
  isServed: boolean | null
}

/** Reads the state of the service, and tries a write. */
export const readOverview = async (store: Pick<Store, 'stats' | 'probe'>, reader: Reader): Promise<Overview> => {
  const { language, showTime } = reader
  const [stats, writeError] = await Promise.all([store.stats(), findWriteError(store)])
  const isServed = reader.isServed ?? stats.nodes.some(node => isAlive(node, stats.at))
  return z.decode(OVERVIEW, {
    ...stats,
    language,
    problems: troublesOf({ stats, writeError, isServed }).map(trouble => ({
      code: trouble.code,
      account: 'account' in trouble ? trouble.account : null,
      path: 'path' in trouble ? (trouble.path ?? null) : null,
      since: trouble.since,
      ...describeTrouble(trouble, language, stats.at, showTime),
    })),
    accounts: stats.accounts.map(account => ({
      ...namedFacts(account),
      removed: account.isRemoved,
      nextTryAt: account.probeAt,
      answerMs: account.answers?.ms ?? null,
    })),
    nodes: namedNodes(stats.nodes),
  })
}

/** `GET /v1/admin/overview`: troubles with their remedies, and the queues with their oldest due times. */
export const OVERVIEW_CALLS = {
  'GET /v1/admin/overview': adminOperation({
    role: 'read',
    operationId: 'getOverview',
    summary: 'Get an overview: what is wrong, what to do, and what waits since when',
    description:
      'An overview of the whole service, fast at any size of the database. Texts are in the language that `accept-language` asks for.',
    answers: { 200: OVERVIEW },
    handle: async (c, { store }) => {
      const language = answerLanguage(c)
      return c.json(await readOverview(store, { language, isServed: true }))
    },
  }),
} satisfies AdminCalls
