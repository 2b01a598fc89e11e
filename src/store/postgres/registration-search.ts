import { createSearches } from '../searching.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { readWindow } from './registration-windows.ts'

type Verbs = Pick<Store, 'searchRegistrations' | 'countRegistrations' | 'groupFailures' | 'partnerOf'>

export const createRegistrationSearch = ({ read }: Pick<Context, 'read'>): Verbs => ({
  ...createSearches((place, limit) => read(tx => readWindow(tx, place, limit))),
  partnerOf: id =>
    read(async tx => {
      const [row] = await tx.rows<{ partnerId: string }>(
        'SELECT partner_id AS "partnerId" FROM registrations WHERE id = $1',
        [id],
      )
      return row?.partnerId ?? null
    }),
})
