import { createSearches } from '../searching.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { createRegistrationWindows } from './registration-windows.ts'

type Verbs = Pick<Store, 'searchRegistrations' | 'countRegistrations' | 'groupFailures' | 'partnerOf'>

export const createRegistrationSearch = ({ client, read }: Pick<Context, 'client' | 'read'>): Verbs => {
  const windows = createRegistrationWindows({ client })
  const ownerOf = client.prepare<[id: string], string>('SELECT partner_id FROM registrations WHERE id = ?').pluck()
  return {
    ...createSearches((place, limit) => read(() => windows.window(place, limit))),
    partnerOf: id => read(() => ownerOf.get(id) ?? null),
  }
}
