import { SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import type { SharedDeps } from '../api-env.ts'
import { MOST_OF_A_PAGE } from '../json/pagination.ts'
import { Refused } from './api-calls.ts'
import type { Console, Visit } from './console.ts'
import { search, searchFieldsOf } from './registrations.ts'
import type { Session } from './sessions.ts'

const MOST_ROWS = 10_000
/** A call may find little, or be told to wait. */
const MOST_CALLS = 200
const MORE: Words = {
  en: 'There may be more than this file has. Narrow the search, by since and until for example.',
  zh: '此文件可能不完整。请缩小范围，例如用 since 和 until 限定时间。',
}

const OWN = ['id', 'idcardid', 'status', 'reason', 'delivery', 'attempts', 'callbackUrl', 'createdAt', 'resolvedAt']
const COLUMNS: Readonly<Record<Session['kind'], readonly string[]>> = {
  operator: [...OWN, 'partnerId', 'partnerName', 'accountId', 'host', 'error', 'lastAttemptAt'],
  partner: [...OWN, 'expiresAt'],
}

/** As RFC 4180 has it. What a spreadsheet would take for a formula gets an apostrophe. */
const cellOf = (value: unknown): string => {
  const text = String(value ?? '').replace(/^[=+\-@＝＋－＠\t\r\n]/, "'$&")
  return `"${text.replaceAll('"', '""')}"`
}
const lineOf = (values: readonly unknown[]): string => `${values.map(cellOf).join(',')}\r\n`

type Found = Awaited<ReturnType<typeof search>>
type SearchOn = (limit: number, cursor?: string) => Promise<Found>

async function* linesOf({ reader, session }: Visit, first: Found, searchOn: SearchOn) {
  const columns = COLUMNS[session.kind]
  // By its mark Excel knows that it is UTF-8.
  yield Buffer.from(`\uFEFF${lineOf(columns)}`)
  let { data, nextCursor } = first
  let left = MOST_ROWS
  for (let calls = 1; ; calls++) {
    const rows = data.map(one => ({ ...one, ...one.delivery, delivery: one.delivery.state }))
    yield Buffer.from(rows.map(row => lineOf(columns.map(name => row[name as keyof typeof row]))).join(''))
    left -= rows.length
    if (nextCursor === null) return
    if (left === 0 || calls === MOST_CALLS) break
    ;({ data, nextCursor } = await searchOn(Math.min(left, MOST_OF_A_PAGE), nextCursor))
  }
  yield Buffer.from(lineOf([reader.t(MORE)]))
}

/** `/console/registrations/export`: what a list shows, as CSV, read page by page. Where that fails on the way, the answer breaks off. */
export const addExport = ({ file }: Console, { sleep, stopping }: Pick<SharedDeps, 'sleep' | 'stopping'>): void =>
  file('registrations/export', async visit => {
    const { c, session } = visit
    const searched = Object.fromEntries(searchFieldsOf(session).map(name => [name, c.req.query(name)]))
    const searchOn: SearchOn = async (limit, cursor) => search(visit, { ...searched, limit: String(limit), cursor })
    /** What is asked for too often is asked for again. */
    const searchPatiently: SearchOn = (limit, cursor) =>
      searchOn(limit, cursor).catch(async (error: unknown) => {
        if (!(error instanceof Refused) || error.problem.status !== 429) throw error
        await sleep(Number(error.retryAfter) * SECOND, stopping)
        return { data: [], nextCursor: cursor ?? null }
      })
    const lines = linesOf(visit, await searchOn(MOST_OF_A_PAGE), searchPatiently)
    return c.body(ReadableStream.from(lines), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="registrations.csv"',
    })
  })
