/** What is compared of a table: the columns of its key, and those besides. */
interface Compared {
  table: string
  key: readonly string[]
  columns: readonly string[]
}

const TABLES = {
  verifications: {
    table: 'verifications',
    key: ['id'],
    columns: [
      ...['accountId', 'partnerId', 'idcardid', 'createdAt', 'nudgedAt', 'dueAt', 'claimedAt', 'claims', 'polls'],
      ...[
        'lastPolledAt',
        'lastAnswer',
        'lastCode',
        'lastOpenAt',
        'rawStatus',
        'failures',
        'failingSince',
        'invalidIds',
      ],
      ...['goneChecks', 'seen', 'verdict', 'observedAt', 'previousPollAt'],
    ],
  },
  registrations: {
    table: 'registrations',
    key: ['id'],
    columns: [
      ...['verificationId', 'n', 'partnerId', 'callbackUrl', 'laneId', 'metadata', 'status', 'reason', 'createdAt'],
      ...['expiresAt', 'resolvedAt', 'messageSeq', 'traceparent'],
    ],
  },
  messages: {
    table: 'messages',
    key: ['seq'],
    columns: [
      ...['partnerId', 'event', 'registrationId', 'laneId', 'callbackUrl', 'type', 'body', 'createdAt', 'state'],
      ...['dueAt', 'claimedAt', 'claims', 'fence', 'attempts', 'retries', 'traceparent'],
    ],
  },
  lanes: {
    table: 'lanes',
    key: ['id'],
    columns: ['partnerId', 'host', 'dueAt', 'strikes', 'slow', 'proven'],
  },
  attempts: {
    table: 'attempts',
    key: ['messageSeq', 'n'],
    columns: ['at', 'outcome', 'httpStatus', 'error', 'durationMs', 'responseExcerpt'],
  },
  callbacks: {
    table: 'callbacks',
    key: ['partnerId', 'callbackUrl'],
    columns: ['failingSince', 'attempts', 'lastError', 'lastAt', 'state', 'heldSince', 'noticeDueAt', 'noticeTries'],
  },
  bulkActs: {
    table: 'bulk_acts',
    key: ['id'],
    columns: ['partnerId', 'count', 'state', 'done', 'cursor'],
  },
  accounts: {
    table: 'accounts',
    key: ['id'],
    columns: [
      ...['pausedAt', 'pauseReason', 'pauseCode', 'unreachableAt', 'unreachableError', 'probes', 'probeAt'],
      ...['allowedAt', 'rampAt', 'rampRate'],
    ],
  },
  partners: { table: 'partners', key: ['id'], columns: ['disabled', 'payload', 'events'] },
} satisfies Record<string, Compared>

export type Name = keyof typeof TABLES
export const NAMES = Object.keys(TABLES) as Name[]

/** The tables that a history writes, those that are compared among them. */
export const STORED = [
  ...Object.values(TABLES).map(({ table }) => table),
  ...['completion_bins', 'signing_secrets', 'api_keys'],
]

/** A value of each column; of what is sealed, whether it is there. Truth is 1 and 0. */
export type Values = readonly unknown[]

/** Of a column that is sealed: whether it is there. */
const SEALED: Readonly<Record<string, string>> = {
  metadata: "metadata <> '{}'",
  verdict: 'verdict IS NOT NULL',
  body: 'length(body) > 0',
}
const snakeCase = (column: string): string => column.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** The names of its columns, those of the key first: what the places of `Values` stand for. */
export const columnsOf = (name: Name): string[] => [...TABLES[name].key, ...TABLES[name].columns]

/** How an engine reads it: the columns in SQL, in the order of `Values`, and the rest of the statement. */
export const sqlOf = (name: Name): { columns: string[]; from: string } => ({
  columns: columnsOf(name).map(column => SEALED[column] ?? snakeCase(column)),
  from: `FROM ${TABLES[name].table} ORDER BY ${TABLES[name].key.map(snakeCase).join(', ')}`,
})
