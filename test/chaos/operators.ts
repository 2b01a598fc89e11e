import { type ClientScene, createInsist } from './clients.ts'
import type { Act, Trouble } from './seen.ts'

/** After a pause the rate of an account grows to the whole; that a partner is enabled again is known everywhere a second later. */
const AFTERWARDS_MS = { pause: 30_000, disable: 1_000 }
/** An act of an operator: an account is paused, or a partner disabled, for a while. */
export const operate = async (
  scene: ClientScene,
  {
    token,
    what,
    partner,
    account,
    forMs,
  }: { token: string; what: 'pause' | 'disable'; partner: string; account: string; forMs: number },
): Promise<void> => {
  const { time, draw, seen, call } = scene
  const insist = createInsist(scene)
  const isPaused = what === 'pause'
  const set = (isOn: boolean) =>
    insist(() =>
      isPaused
        ? call(token, 'POST', `/v1/admin/accounts/${account}/${isOn ? 'pause' : 'resume'}`, {})
        : call(token, 'PATCH', `/v1/admin/partners/${partner}`, { disabled: isOn }),
    )
  const trouble: Trouble = {
    ...{ from: time.now(), to: Number.POSITIVE_INFINITY },
    ...(isPaused
      ? { of: 'GetResult', account, name: 'the account is paused' }
      : { of: 'partner', partner, name: 'disabled' }),
  }
  seen.troubles.push(trouble)
  await set(true)
  const span = { account, partner, from: time.now(), to: Number.POSITIVE_INFINITY }
  seen[isPaused ? 'paused' : 'disabled'].push(span)
  await time.wait(draw.below(forMs))
  span.to = time.now()
  await set(false)
  trouble.to = time.now() + AFTERWARDS_MS[what]
}

/** A bulk act on all registrations of a serial, which have these ids. Resolves once it is done to each. */
export const actOnAll = async (
  scene: ClientScene,
  { token, what, serial, ids }: { token: string; what: Act['what']; serial: string; ids: ReadonlyMap<string, string> },
): Promise<void> => {
  const { time, seen, call, patience } = scene
  const insist = createInsist(scene)
  const acts = [...ids].map(
    ([id, partner]): Act => ({ partner, at: time.now(), answeredAt: null, what, id, isOfAll: true }),
  )
  seen.acts.push(...acts)
  const draft = { act: what, filter: { serial }, reason: 'as asked for' }
  const { id } = (await insist(() => call(token, 'POST', '/v1/admin/bulk', draft))).json as { id: string }
  const path = `/v1/admin/bulk/${id}`
  await insist(() => call(token, 'POST', `${path}/start`, {}))
  for (;;) {
    const { state, done } = (await insist(() => call(token, 'GET', path))).json as { state: string; done: number }
    if (state === 'done' && done === acts.length) for (const act of acts) act.answeredAt = time.now()
    if (state !== 'running') return
    await time.wait(patience)
  }
}
