import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { createInFlight } from '../../core/keyed-limiter.ts'
import type { Words } from '../../core/language.ts'
import type { SharedDeps } from '../api-env.ts'
import { nodeBindings } from '../caller.ts'
import { MAX_PAGE_SIZE } from '../json/pagination.ts'
import { Refused } from './api-calls.ts'
import type { AnyRegistration } from './registration-columns.ts'
import { readSearchQuery, search } from './registrations.ts'
import type { Session } from './sessions.ts'
import type { Console } from './visit.ts'

const MAX_ROWS = 10_000
/** Maximum number of searches per export, since each may return only a few rows. */
const MAX_CALLS = 200
const MAX_REFUSALS = 10
const MAX_CONCURRENT_EXPORTS = 2
const MORE: Words = { en: 'There may be more: narrow the search.', zh: '可能还有更多：请缩小范围。' }
const REFUSED: Words = {
  en: 'There may be more: ten requests in a row were refused as too many. Export again later.',
  zh: '可能还有更多：请求过于频繁，已连续 10 次被拒绝。请稍后重新导出。',
}
const AT_ONCE: Words = {
  en: 'Two exports with this key or token are under way. Wait until one of them has ended.',
  zh: '该密钥或令牌已有两个导出正在进行，请等待其中一个结束。',
}

/** Columns under the API's names; the fields of `delivery` are flattened. */
const OWN = ['id', 'idcardid', 'status', 'reason', 'delivery', 'attempts', 'callbackUrl', 'createdAt', 'resolvedAt']
const COLUMNS: Readonly<Record<Session['kind'], readonly string[]>> = {
  operator: [...OWN, 'partnerId', 'partnerName', 'accountId', 'host', 'error', 'lastAttemptAt'],
  partner: [...OWN, 'expiresAt', 'metadata', 'verdict', 'message', 'livingScore', 'similarity'],
}

/** One cell as RFC 4180 defines it. A text that a spreadsheet would read as a formula gets an apostrophe. */
const cellOf = (value: unknown): string => {
  const text = String(value ?? '').replace(/^[=+\-@＝＋－＠\t\r\n]/, "'$&")
  return `"${text.replaceAll('"', '""')}"`
}
const lineOf = (values: readonly unknown[]): string => `${values.map(cellOf).join(',')}\r\n`

const rowOf = (one: AnyRegistration): Readonly<Record<string, unknown>> => ({
  ...('result' in one ? { ...one.result, verdict: one.result?.status } : {}),
  ...{ ...one, ...one.delivery, delivery: one.delivery.state },
  ...('metadata' in one ? { metadata: JSON.stringify(one.metadata) } : {}),
})

/** `/console/registrations/export`: a list as CSV, read page by page. If a page fails, the download breaks off. */
export const addExport = ({ page }: Console, { sleep, stopping }: Pick<SharedDeps, 'sleep' | 'stopping'>): void => {
  const underWay = createInFlight()
  page('registrations/export', async visit => {
    const { who } = visit.session
    if ((underWay.counts.get(who) ?? 0) === MAX_CONCURRENT_EXPORTS) throw new AppError('too_many_requests', AT_ONCE)
    const { outgoing } = nodeBindings(visit.c)
    // The export counts as under way until its last byte, or until its connection closes.
    if (outgoing?.closed === false) {
      underWay.start(who)
      outgoing.once('close', () => underWay.end(who))
    }
    const columns = COLUMNS[visit.session.kind]
    const searched = { ...(await readSearchQuery(visit, visit.c.req.query())), limit: String(MAX_PAGE_SIZE) }
    /** Searches on; after a 429 waits and tries again. Returns `REFUSED` at the tenth 429 in a row. */
    const searchOn = (cursor: string, refusals = 1): Promise<Awaited<ReturnType<typeof search>> | Words> =>
      search(visit, { ...searched, cursor }).catch(async (error: unknown) => {
        if (!(error instanceof Refused) || error.problem.status !== 429) throw error
        if (refusals === MAX_REFUSALS) return REFUSED
        await sleep(Number(error.retryAfter) * SECOND, stopping)
        return searchOn(cursor, refusals + 1)
      })
    const linesFrom = async function* (first: Awaited<ReturnType<typeof search>>) {
      // Excel recognizes UTF-8 by the byte order mark.
      yield Buffer.from(`\uFEFF${lineOf(columns)}`)
      let next: Awaited<ReturnType<typeof searchOn>> = first
      for (let calls = 1, count = 0; 'data' in next; calls++) {
        const rows = next.data.map(rowOf)
        yield Buffer.from(rows.map(row => lineOf(columns.map(name => row[name]))).join(''))
        count += rows.length
        if (next.nextCursor === null) return
        const isLast = count > MAX_ROWS - MAX_PAGE_SIZE || calls === MAX_CALLS
        next = isLast ? MORE : await searchOn(next.nextCursor)
      }
      yield Buffer.from(lineOf([visit.t(next)]))
    }
    // If the first search is refused, the response is an error page.
    const lines = linesFrom(await search(visit, searched))
    return visit.c.body(ReadableStream.from(lines), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="registrations.csv"',
    })
  })
}
