import type { Verb } from './thread/protocol.ts'

/**
 * On which thread each verb runs (decisions/010). `here`: it reads a few rows by their keys, and so waits for nobody's write. `reader`: its
 * work grows with what there is. All others run on the writer's: they write, or read what is small and seldom asked for.
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
