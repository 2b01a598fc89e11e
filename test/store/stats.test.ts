import { expect, test } from 'vitest'
import { NO_BACKUP } from '../../src/store/backup.ts'
import { MOST_COUNTED, statsOf } from '../../src/store/stats.ts'

test('a host that has more than is counted has as much as is counted, as the queue has', () => {
  const busiest = { partnerId: 'partner_1', partnerName: 'Acme', host: 'a.example', due: MOST_COUNTED + 1, strikes: 0 }
  const queue = { waiting: 20_000, leased: 0, due: MOST_COUNTED + 1, oldestDueAt: 1 }
  const { deliveries } = statsOf({
    at: 2,
    accounts: [],
    deliveries: { ...queue, held: 0, heldAt: null, givenUp: 0, busiest },
    callbacks: { gone: 0, failing: 0, disabled: 0 },
    openActs: [],
    ...{ nodes: [], backup: NO_BACKUP, refusingChannel: null },
    engine: { kind: 'sqlite', databaseBytes: 0, walBytes: 0, diskFreeBytes: null, masterKey: '00000000' },
  })
  expect(deliveries).toMatchObject({ due: MOST_COUNTED, dueIsCapped: true, mostFor: { due: MOST_COUNTED } })
})
