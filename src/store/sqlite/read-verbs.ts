import type { Verb } from './thread/protocol.ts'

/**
 * Where verbs run that only read (decisions/010); all others run on the store's thread. `here`: they read a few rows by their keys, and so
 * wait for nobody's write. `reader`: their work grows with what there is, and they have a thread of their own.
 */
export const READ_VERBS: Partial<Record<Verb, 'here' | 'reader'>> = {
  findKey: 'here',
  findAdminToken: 'here',
  findPartner: 'here',
  findAccount: 'here',
  accountFor: 'here',
  findRegistration: 'here',
  endedAmong: 'here',
  partnerOf: 'here',
  usageOf: 'here',
  liveSecrets: 'here',
  deliveriesHeldAt: 'here',
  completionsOf: 'here',
  findBulkAct: 'here',
  listRegistrations: 'reader',
  lookUpRegistrations: 'reader',
  listAttempts: 'reader',
  listEvents: 'reader',
  listActs: 'reader',
  searchRegistrations: 'reader',
  countRegistrations: 'reader',
  countExhausted: 'reader',
  groupFailures: 'reader',
  explain: 'reader',
  statusOf: 'reader',
  listCallbacks: 'reader',
  stats: 'reader',
}
