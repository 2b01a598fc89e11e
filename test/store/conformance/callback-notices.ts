import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { HOOK, type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

const GOOD = 'https://good.example/hook'

/** Has a URL of the partner fail until it is disabled; when that was. */
const disable = async (bench: StoreFixture, callbackUrl = HOOK, partnerId = bench.partnerId) => {
  const { id } = await bench.resolve({ callbackUrl, partnerId })
  const since = bench.store.now()
  for (let n = 0; n < 11; n++) {
    await bench.deliver(503)
    if (n === 10) return { id, since, at: bench.store.now() }
    await bench.advance(12 * HOUR)
    await bench.store.resend(partnerId, id)
  }
  throw new Error('it returns at the last attempt')
}
const succeed = async (bench: StoreFixture, callbackUrl: string, partnerId = bench.partnerId) => {
  await bench.resolve({ callbackUrl, partnerId })
  await bench.deliver(200)
}
const claim = (bench: StoreFixture, limit = 2) => bench.store.claimCallbackNotices(limit)

export const describeCallbackNotices = (open: OpenStore): void => {
  test('tells of a disabled URL at the one where the last success is the newest', async () => {
    await using bench = await openStoreFixture(open)
    await succeed(bench, GOOD)
    await bench.advance(MINUTE)
    await succeed(bench, `${GOOD}/newest`)
    const { since, at } = await disable(bench)
    expect(await claim(bench)).toEqual([
      {
        ...{
          id: expect.stringMatching(/^msg_/),
          partnerId: bench.partnerId,
          url: `${GOOD}/newest`,
          callbackUrl: HOOK,
          attempt: 1,
        },
        ...{ disabledAt: at, failingSince: since, lastError: 'http_503' },
      },
    ])
  })

  test('tells nobody where the partner has no other URL, or only ones that failed last or answered 410', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    await succeed(bench, GOOD, other)
    await succeed(bench, `${GOOD}/gone`)
    await succeed(bench, `${GOOD}/failing`)
    await bench.resolve({ callbackUrl: `${GOOD}/gone` })
    await bench.deliver(410)
    await disable(bench)
    await bench.resolve({ callbackUrl: `${GOOD}/failing` })
    await bench.deliver(500)
    expect(await claim(bench)).toEqual([])
    await succeed(bench, GOOD)
    await bench.advance(DAY)
    expect(await claim(bench)).toEqual([])
  })

  test('is tried five times within an hour, under one id', async () => {
    await using bench = await openStoreFixture(open)
    await succeed(bench, GOOD)
    await disable(bench)
    const begunAt = bench.store.now()
    const tries: { id: string; attempt: number; afterMs: number }[] = []
    for (let minute = 0; minute < 120; minute++) {
      for (const { id, attempt } of await claim(bench))
        tries.push({ id, attempt, afterMs: bench.store.now() - begunAt })
      await bench.advance(MINUTE)
    }
    expect(tries).toEqual(
      [0, 5, 15, 30, 60].map((minutes, n) => ({ id: tries[0]?.id, attempt: n + 1, afterMs: minutes * MINUTE })),
    )
  })

  test('waited, once the clock was set back, for as long as that', async () => {
    await using bench = await openStoreFixture(open)
    await succeed(bench, GOOD)
    await disable(bench)
    const [before] = await claim(bench)
    await bench.advance(-5 * HOUR)
    expect(await claim(bench)).toEqual([{ ...before, attempt: 2 }])
    expect(await claim(bench)).toEqual([])
  })

  test('goes to each partner one at a time, and to no partner that is disabled', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    await succeed(bench, GOOD)
    await succeed(bench, GOOD, other)
    await disable(bench)
    await disable(bench, `${HOOK}/2`)
    await disable(bench, HOOK, other)
    expect(await claim(bench, 0)).toEqual([])
    const [one, two] = await claim(bench, 3)
    expect([one, two]).toMatchObject([
      { partnerId: bench.partnerId, callbackUrl: HOOK },
      { partnerId: other, callbackUrl: HOOK },
    ])
    await bench.store.endCallbackNotice({ partnerId: other, callbackUrl: HOOK })
    expect(await claim(bench)).toEqual([])
    await bench.store.changePartner(bench.partnerId, { disabled: true })
    await bench.advance(MINUTE)
    expect(await claim(bench)).toEqual([])
    await bench.store.changePartner(bench.partnerId, { disabled: false })
    await bench.advance(HOUR)
    expect(await claim(bench)).toMatchObject([{ partnerId: bench.partnerId }])
  })

  test('waits while deliveries are on hold', async () => {
    await using bench = await openStoreFixture(open)
    await succeed(bench, GOOD)
    await disable(bench)
    await bench.store.holdDeliveries()
    expect(await claim(bench)).toEqual([])
    await bench.store.resumeDeliveries()
    expect(await claim(bench)).toHaveLength(1)
  })
}
