import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../../../src/core/duration.ts'
import { ACCOUNT, ADMIN_TOKEN, OTHER_ACCOUNT } from '../../support/service.ts'
import { actOnAll, operate } from '../operators.ts'
import type { Scene } from './scene.ts'

const AT_ONCE = 8
/** This many at once are more than an account's rate allows; the next come when they are polled. */
const WAVE = 25
const WAIT_MS = 3 * SECOND

/**
 * Partners that register one serial after another, with all other calls now and then; and operators. When they are told
 * to stop, the receivers work, and get all webhooks again that they had refused.
 */
export const load = (scene: Scene) => {
  const { clients, urls, draw, promises } = scene
  let isOver = false
  let serials = 0
  let wave: (string | null)[] = []
  const newSerial = (): string => `${++serials}${draw.below(10)}`
  const soon = () =>
    draw.chance(0.2) ? new Date(Date.now() + 2 * SECOND + draw.below(6 * SECOND)).toISOString() : null
  const itemOf = (serial: string) => ({ serial, url: draw.oneOf(urls), expiresAt: soon() })

  const live = async (): Promise<void> => {
    const client = draw.oneOf(clients)
    const serial = newSerial()
    const register = () => client.register(serial, draw.oneOf(urls), soon())
    const id = await register()
    if (id === null) return
    const ids = new Map([[id, client.partner]])
    if (draw.chance(0.1)) ids.set((await register()) ?? id, client.partner)
    // Spelled otherwise it is the same one's.
    if (draw.chance(0.1)) await draw.oneOf(clients).register(`0${serial}`, draw.oneOf(urls), null)
    if (draw.chance(0.2)) await client.show(id, draw.oneOf([0, WAIT_MS]))
    if (draw.chance(0.05)) {
      // Its verdict is known by then, to most of the batch.
      await client.show(id, WAIT_MS)
      const items = [...urls, ...urls].map(url => ({ serial, url, expiresAt: null }))
      for (const one of await client.registerBatch([itemOf('0'), ...items]))
        if (one !== null) ids.set(one, client.partner)
    }
    if (draw.chance(0.13)) await client.act(draw.oneOf(['cancel', 'resend', 'resend', 'poll'] as const), id)
    const what = draw.oneOf(['cancel', 'resend'] as const)
    if (draw.chance(0.03)) await actOnAll(scene, { token: ADMIN_TOKEN, what, serial, ids })
  }
  const overload = async () => {
    const [first] = clients
    for (const id of wave) if (id !== null && (await first?.show(id))?.status === 'pending') return
    const items = draw.times(WAVE, () => ({ ...itemOf(`s${newSerial()}`), account: OTHER_ACCOUNT.apiId }))
    wave = (await first?.registerBatch(items)) ?? []
  }
  // The first of three secrets may still sign as the third ends them all.
  const rotate = async (client = draw.oneOf(clients)) => {
    for (const overlap of [60, 0]) {
      await client.rotate(overlap)
      scene.trust()
      await sleep(draw.below(SECOND))
    }
  }
  const resend = () => draw.oneOf(clients).resendExhausted()
  const pause = ({ partner } = draw.oneOf(clients)) =>
    operate(scene, {
      token: ADMIN_TOKEN,
      what: draw.oneOf(['pause', 'disable']),
      partner,
      account: ACCOUNT.apiId,
      forMs: 4 * SECOND,
    })
  const doings = [overload, rotate, resend, pause, overload, rotate, resend, rotate]
  const each = async (pauseMs: number, run: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      await sleep(draw.below(pauseMs))
      await run()
    }
  }
  let n = 0
  const running = Promise.all([
    // The rate of GetResult is enough for all of them.
    ...Array.from({ length: AT_ONCE }, () => each((160 * SECOND) / promises.rate, live)),
    ...clients.map(client => each(SECOND / 2, client.readEvents)),
    each(6 * SECOND, async () => doings[n++ % doings.length]?.()),
  ])
  return {
    stop: async () => {
      isOver = true
      await running
      scene.plan(() => [])
      for (const client of clients) await client.resendExhausted()
    },
  }
}
