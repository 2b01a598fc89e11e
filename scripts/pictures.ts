import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import type { Answer } from '../src/core/answer.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../src/core/duration.ts'
import { ALL_SERIES, answerIn, arrivalIn, type HistoryCounts, noCounts, type Series } from '../src/core/history.ts'
import { afterAttempt, attemptOriginOf } from '../src/core/message.ts'
import { LIMITS } from '../src/http/listen.ts'
import type { HostSignal } from '../src/store/messages/message.ts'
import { openListening } from '../test/attack/support/listening.ts'
import { openBrowser, reasonToSkip } from '../test/browser/chromium.ts'
import { ADMIN_TOKEN } from '../test/http/support/api.ts'
import { CLAIM_ALL } from '../test/support/store.ts'

// Writes the pictures of the console in the documents. The clock is the tests' own, so that each run shows the same days. It takes
// Chromium, pngquant and a Chinese font: apt-get install chromium pngquant fonts-wqy-microhei

const FOLDER = join(import.meta.dirname, '../docs/images')
const WIDTH = 1280
/** They are in the package. */
const MOST_BYTES = 120_000

const verdictOf = (status: 'SUCCESS' | 'FAIL'): Answer => {
  const isSuccess = status === 'SUCCESS'
  const words = { message: isSuccess ? '认证成功' : '认证失败', similarity: isSuccess ? '98.7' : null }
  return { kind: 'verdict', code: 2, verdict: { status, livingScore: null, ...words } }
}

/** What a receiver does: it answers with a status and a text, or an attempt ends in an error. */
type Reception = { httpStatus: number; text: string } | { error: string }
const WELL: Reception = { httpStatus: 200, text: 'ok' }
const OVERLOADED: Reception = { httpStatus: 503, text: 'upstream connect error' }
const EXPIRED: Reception = { error: 'certificate_expired CERT_HAS_EXPIRED' }

const openDay = async () => {
  const api = await openListening(LIMITS)
  const { clock, store } = api
  const callAdmin = async (method: string, path: string, body: unknown) => {
    const { status, text, json } = await api.call(method, `/v1/admin/${path}`, { key: ADMIN_TOKEN, body })
    if (status >= 300) throw new Error(text)
    return json
  }
  await callAdmin('PATCH', `partners/${api.partner.id}`, { name: 'Harbour Bank' })
  await callAdmin('PATCH', `partners/${api.other.id}`, { name: 'Spruce Taxi' })
  const shop = await callAdmin('POST', 'partners', { name: 'Lantern Shop' })
  const partners = {
    bank: { key: api.partner.key, host: 'hooks.bank.example' },
    taxi: { key: api.other.key, host: 'api.taxi.example' },
    shop: { key: shop.apiKey as string, host: 'shop.example' },
  }
  let orders = 1_204

  const register = async (who: keyof typeof partners): Promise<string> => {
    clock.now += 7 * SECOND
    const { key, host } = partners[who]
    const order = ++orders
    const { id } = await api.register(
      {
        idcardid: `1623643${7_872_836 + order}`,
        callbackUrl: `https://${host}/idface`,
        metadata: { order: `A-${order}` },
      },
      key,
    )
    return id
  }
  /** Registers one whose person has a verdict within a minute. */
  const verify = async (who: keyof typeof partners, status: 'SUCCESS' | 'FAIL' = 'SUCCESS'): Promise<string> => {
    const id = await register(who)
    clock.now += 40 * SECOND
    await api.answerWith(verdictOf(status))
    return id
  }
  /** Sends what is due, and has each host do what it does. */
  const send = async (receptions: Readonly<Record<string, Reception>>, scheduleMs: readonly number[] = []) => {
    clock.now += SECOND
    const { messages } = await store.claimMessages(CLAIM_ALL)
    await store.settleMessages(
      messages.map(message => {
        const reception = receptions[message.host] ?? WELL
        const { httpStatus, text, error } = { httpStatus: null, text: null, error: null, ...reception }
        const step = afterAttempt(
          message,
          { httpStatus, retryAfterMs: null },
          { now: clock.now, random: 0.5, scheduleMs },
        )
        const outcome = error !== null ? 'failed' : httpStatus === 200 ? 'delivered' : 'rejected'
        const hostSignal: HostSignal | null = error === null ? 'answers' : null
        const attempt = {
          at: clock.now,
          outcome,
          httpStatus,
          error,
          durationMs: 31 + ((message.seq + 5 * message.attempts) % 17),
          responseExcerpt: text,
          origin: attemptOriginOf(message),
        }
        return { message, step, hostSignal, attempt: { ...attempt, outcome } as const }
      }),
    )
  }
  const beat = async () => {
    const node = {
      version: '1.0',
      settings: 'red-fox',
      clockAheadMs: 40,
      answers: null,
      roles: ['api', 'poll', 'deliver'] as const,
    }
    await store.beatNode({ ...node, id: 'node_0', name: 'verify-1' })
  }
  return { ...api, shopId: shop.partnerId as string, partners, register, verify, send, beat }
}
type Day = Awaited<ReturnType<typeof openDay>>

/** The history of the day before, by five minutes. On a bad day GetResult is slow for an hour, and then a receiver fails. */
const addHistory = async ({ clock, store, partner, shopId }: Day, isBad: boolean) => {
  for (let minutesAgo = 24 * 60; minutesAgo > 0; minutesAgo -= 5) {
    const at = clock.now - minutesAgo * MINUTE
    const n = Math.round(34 - 22 * Math.cos(((at % DAY) / DAY) * 2 * Math.PI) + 3 * Math.sin(minutesAgo / 17))
    const isSlow = isBad && minutesAgo > 9 * 60 && minutesAgo <= 10 * 60
    const isDown = isBad && minutesAgo <= 2 * 60
    const ended = { succeeded: n - 4, failed: 3, unresolved: 1 }
    const failures = isDown ? { failedAttempts: Math.round(n / 3) } : {}
    const well = { registrations: n, ...ended, delivered: n - 6, [arrivalIn(80)]: n - 8, [arrivalIn(400)]: 2 }
    const polls = { polls: 2 * n, [answerIn(isSlow ? 4_000 : 90)]: 2 * n - 4, [answerIn(isSlow ? 8_000 : 180)]: 4 }
    const waiting = { duePolls: isSlow ? 3 * n : Math.round(n / 9), dueWebhooks: isDown ? n : 2 }
    const entry = (series: Partial<Series>, counts: Partial<HistoryCounts>) => ({
      ...ALL_SERIES,
      ...series,
      ...noCounts(),
      ...counts,
    })
    const ofOne = { partnerId: partner.id, host: 'hooks.bank.example' }
    const ofShop = { partnerId: shopId, host: 'shop.example' }
    const few = {
      registrations: 4,
      succeeded: 3,
      failed: 1,
      delivered: isDown ? 0 : 4,
      [arrivalIn(80)]: isDown ? 0 : 4,
    }
    await store.addHistory('node_0', {
      at: at - (at % MINUTE),
      entries: [
        entry({}, { ...well, ...failures, ...polls, ...waiting }),
        ...[ofOne, { ...ofOne, host: '' }].map(series => entry(series, well)),
        ...[ofShop, { ...ofShop, host: '' }].map(series => entry(series, { ...few, ...failures })),
      ],
    })
  }
}

/** Some have their verdict, and some are waited for. */
const goWell = async ({ register, verify, send, beat }: Day) => {
  for (const who of ['bank', 'taxi', 'shop', 'bank', 'taxi'] as const) {
    await verify(who, who === 'shop' ? 'FAIL' : 'SUCCESS')
    await send({})
  }
  for (const who of ['bank', 'shop', 'taxi', 'taxi'] as const) await register(who)
  await beat()
}

/** A certificate has expired, a receiver is overloaded until its webhooks are given up, and ihuyi refuses the APIKEY. */
const goBadly = async ({ clock, answerWith, register, verify, send, beat }: Day) => {
  for (let times = 0; times < 6; times++) await verify('bank')
  await send({})
  for (let times = 0; times < 4; times++) await verify('taxi')
  await send({ 'api.taxi.example': OVERLOADED })
  const expired = await verify('shop')
  await verify('shop', 'FAIL')
  for (let times = 0; times < 4; times++) {
    await send({ 'shop.example': EXPIRED }, Array(9).fill(20 * MINUTE))
    clock.now += 22 * MINUTE
  }
  await verify('shop')
  await verify('taxi')
  await send({ 'api.taxi.example': OVERLOADED, 'shop.example': EXPIRED }, Array(9).fill(HOUR))
  for (const who of ['bank', 'taxi', 'bank', 'shop'] as const) await register(who)
  clock.now += MINUTE
  const pause = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: clock.now + 5 * MINUTE }
  await answerWith({ kind: 'account', code: 405, fault: 'credentials_wrong' }, pause)
  clock.now += 2 * MINUTE
  await beat()
  return { expired }
}

const cookieOf = async (origin: string, token: string) => {
  const body = new URLSearchParams({ token })
  const sent = { method: 'POST', headers: { origin }, body, redirect: 'manual' } as const
  const answer = await fetch(`${origin}/console/sign-in`, sent)
  const [name = '', value = ''] = answer.headers.get('set-cookie')?.split(';')[0]?.split('=') ?? []
  return { name, value, url: `${origin}/console` }
}

/** The same picture with few colours, by pngquant: a third of the bytes, and text looks as before. */
const smaller = (png: Buffer): Buffer => execFileSync('pngquant', ['--nofs', '--speed', '1', '64', '-'], { input: png })

interface Shot {
  name: string
  token: string
  path: string
  /** The picture ends above this; null: with the page. */
  endsAbove: string | null
}

const takePicture = async (browser: Browser, origin: string, { name, token, path, endsAbove }: Shot) => {
  const viewport = { width: WIDTH, height: 560 }
  const context = await browser.newContext({ viewport, locale: 'en', colorScheme: 'light' })
  await context.addCookies([await cookieOf(origin, token)])
  const page = await context.newPage()
  await page.goto(`${origin}/console/${path}`)
  const end = endsAbove === null ? null : await page.locator(endsAbove).boundingBox()
  const height = Math.floor(end?.y ?? Number(await page.evaluate('document.documentElement.scrollHeight')))
  const bytes = smaller(await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height } }))
  await context.close()
  if (bytes.length > MOST_BYTES) throw new Error(`${name} has ${bytes.length} bytes: show less`)
  writeFileSync(join(FOLDER, `console-${name}.png`), bytes)
  process.stdout.write(`${name}.png ${bytes.length} bytes\n`)
}

const takePictures = async (): Promise<void> => {
  if (reasonToSkip !== null) throw new Error(reasonToSkip)
  await using good = await openDay()
  await goWell(good)
  await addHistory(good, false)
  await using bad = await openDay()
  const { expired } = await goBadly(bad)
  await addHistory(bad, true)
  await using browser = await openBrowser()
  const operator = { token: ADMIN_TOKEN, path: '', endsAbove: null }
  const shots: readonly [Day, Shot][] = [
    [good, { ...operator, name: 'now-good' }],
    [bad, { ...operator, name: 'now-bad', endsAbove: 'h2:text-is("Service")' }],
    [bad, { ...operator, name: 'serial', path: `registrations/${expired}`, endsAbove: 'h2:text-is("curl")' }],
    [bad, { ...operator, name: 'deliveries', path: 'deliveries' }],
    [bad, { ...operator, name: 'partner', token: bad.partners.shop.key }],
  ]
  for (const [day, shot] of shots) await takePicture(browser, day.url, shot)
}

await takePictures()
