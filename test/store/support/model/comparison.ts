import { isDeepStrictEqual } from 'node:util'
import { HOUR } from '../../../../src/core/duration.ts'
import { MESSAGE_STATES } from '../../../../src/core/message.ts'
import { REGISTRATION_STATUSES } from '../../../../src/core/registration.ts'
import { columnsOf, NAMES } from './compared.ts'
import type { Contents } from './engine.ts'
import { NONE_BROKEN } from './invariants.ts'
import { Difference, type Pair } from './pair.ts'
import { type History, oneOf } from './world.ts'

/** Compares what they have stored, row by row, and throws where a rule that always holds is broken. */
export const createTableComparison = ({ engines, expectAlike }: Pair) => {
  let contents: (Contents | undefined)[] = []
  return async (): Promise<void> => {
    const read = await Promise.all(engines.map(engine => engine.read()))
    contents = read.map((one, i) => one ?? contents[i])
    for (const name of NAMES)
      expectAlike(
        `${name} (${columnsOf(name).join(', ')})`,
        contents.map(one => one?.tables[name]),
      )
    for (const one of contents)
      if (!isDeepStrictEqual(one?.broken, NONE_BROKEN))
        throw new Difference(`what must never be (rows): ${JSON.stringify(one?.broken)}`)
  }
}

/** Compares what a partner reads of one registration, and of one question about all of them. */
export const compareSomeReads = async (history: History): Promise<void> => {
  const { pair, random, handle } = history
  const partnerId = oneOf(random, history.partnerIds)
  const registration = history.registrations.length === 0 ? null : oneOf(random, history.registrations)
  if (registration) await compareRegistration(history, registration)
  const query = {
    idcardid: random() < 0.3 ? oneOf(random, history.serials) : null,
    status: random() < 0.5 ? oneOf(random, REGISTRATION_STATUSES) : null,
    delivery: random() < 0.5 ? oneOf(random, MESSAGE_STATES) : null,
    limit: 1 + Math.floor(random() * 10),
    before: random() < 0.2 && registration ? registration.id : null,
  }
  await pair.both(handle, 'listRegistrations', store => store.listRegistrations(partnerId, query))
  const serials = history.serials.filter(() => random() < 0.3)
  const most = 1 + Math.floor(random() * 5)
  await pair.both(handle, 'lookUpRegistrations', store => store.lookUpRegistrations(partnerId, serials, most))
  await pair.both(handle, 'stats', async store => ({ ...(await store.stats()), engine: null }))
  const after = random() < 0.5 ? null : { n: Math.floor(random() * 5), at: random() < 0.5 ? null : history.now() }
  const since = random() < 0.5 ? undefined : history.now() - Math.floor(random() * HOUR)
  const delivery = random() < 0.5 ? undefined : oneOf(random, MESSAGE_STATES)
  await pair.both(handle, 'listEvents', store => store.listEvents(partnerId, { after, limit: 3, since, delivery }))
  await pair.both(handle, 'usageOf', store => store.usageOf(partnerId))
  const of = random() < 0.3 ? null : partnerId
  await pair.both(handle, 'listCallbacks', store => store.listCallbacks(of, { after: null, limit: 3 }))
}

const compareRegistration = async (
  { pair, handle }: History,
  { partnerId, id }: { partnerId: string; id: string },
): Promise<void> => {
  // An engine may remember for a second how many partners share the rate.
  await pair.both(handle, 'explain', async store => {
    const explained = await store.explain(partnerId, id)
    return explained && { ...explained, queue: explained.queue?.before }
  })
  await pair.both(handle, 'listAttempts', store => store.listAttempts(partnerId, id))
}

/** Compares everything that can be read. */
export const compareAllReads = async (history: History): Promise<void> => {
  const { pair, handle } = history
  for (const registration of history.registrations) await compareRegistration(history, registration)
  for (const partnerId of history.partnerIds) {
    for (const status of [null, ...REGISTRATION_STATUSES])
      for (const delivery of [null, ...MESSAGE_STATES]) {
        const query = { idcardid: null, status, delivery, limit: 100, before: null }
        await pair.both(handle, 'listRegistrations', store => store.listRegistrations(partnerId, query))
      }
    await pair.both(handle, 'listEvents', store => store.listEvents(partnerId, { after: null, limit: 100 }))
    await pair.both(handle, 'listSigningSecrets', store => store.listSigningSecrets(partnerId))
  }
  for (const id of history.bulkIds) await pair.both(handle, 'findBulkAct', store => store.findBulkAct(id))
  for (const { id } of history.accounts) await pair.both(handle, 'findAccount', store => store.findAccount(id))
  await pair.both(handle, 'stats', async store => ({ ...(await store.stats()), engine: null }))
}
