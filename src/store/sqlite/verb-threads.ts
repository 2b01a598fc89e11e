import type { Verb } from './thread/protocol.ts'

/**
 * Thread of each verb (decisions/010). `here`: reads a few rows by key, and so waits for no write. `reader`: its work
 * grows with the data. All others run on the writer's thread: they write, or read little and rarely.
 */
export const THREAD_OF: Readonly<Partial<Record<Verb, 'here' | 'reader'>>> = {
  findKey: 'here',
  findAdminToken: 'here',
  findPartner: 'here',
  partnerNames: 'here',
  findAccount: 'here',
  accountFor: 'here',
  findRegistration: 'here',
  endedAmong: 'here',
  partnerOf: 'here',
  usageOf: 'here',
  liveSecrets: 'here',
  findContact: 'here',
  deliveriesHeldAt: 'here',
  completionsOf: 'here',
  findBulkAct: 'here',
  listRegistrations: 'reader',
  lookUpRegistrations: 'reader',
  listAttempts: 'reader',
  listEvents: 'reader',
  listActs: 'reader',
  listOperatorEvents: 'reader',
  searchRegistrations: 'reader',
  countRegistrations: 'reader',
  countExhausted: 'reader',
  groupFailures: 'reader',
  explain: 'reader',
  statusOf: 'reader',
  listCallbacks: 'reader',
  stats: 'reader',
  givenUpOf: 'reader',
}
