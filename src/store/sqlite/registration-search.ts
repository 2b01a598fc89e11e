import type { FoundRegistration } from '../registration-search.ts'
import {
  FOUND_COLUMNS,
  type FoundRow,
  type SearchPlace,
  type SourceDialect,
  sourceOf,
  toFound,
} from '../registration-source.ts'
import { createSearches, type Searches } from '../searching.ts'
import { type Context, onceForContext } from './context.ts'

const DIALECT: SourceDialect = {
  undelivered: 'messages',
  ofSerial: (idcardid, newest) => `
    SELECT r.id FROM verifications v CROSS JOIN registrations r ON r.verification_id = v.id
    WHERE v.idcardid = ${idcardid} AND ${newest}`,
}

const factsOf = (source: string): string => `
  SELECT ${FOUND_COLUMNS}
  FROM (${source}) s CROSS JOIN registrations r ON r.id = s.id CROSS JOIN verifications v ON v.id = r.verification_id
    LEFT JOIN messages m ON m.seq = r.message_seq
    LEFT JOIN attempts a ON a.message_seq = m.seq AND a.n = (SELECT max(n) FROM attempts WHERE message_seq = m.seq)
  ORDER BY s.id DESC`

/** Reads registrations as operators find them, the newest first. */
export const createFoundRegistrations = onceForContext(({ client }: Pick<Context, 'client'>) => {
  /** By their texts, of which there are as many as kinds of filters. */
  const prepared = new Map<string, ReturnType<typeof client.prepare<[Record<string, string | number>], FoundRow>>>()
  const all = (source: string, values: readonly (string | number)[]): FoundRegistration[] => {
    const statement =
      prepared.get(source) ?? client.prepare<[Record<string, string | number>], FoundRow>(factsOf(source))
    prepared.set(source, statement)
    return statement.all(Object.fromEntries(values.map((value, n) => [n + 1, value]))).map(toFound)
  }
  return {
    /** Up to `limit` of those among which the meant ones are; fewer: there are no more. */
    window: (place: SearchPlace, limit: number): FoundRegistration[] => {
      const { text, values } = sourceOf(place, limit, DIALECT)
      return all(text, values)
    },
    find: (id: string): FoundRegistration | undefined => all('SELECT $1 AS id', [id])[0],
  }
})

export const createRegistrationSearch = ({ client, read }: Pick<Context, 'client' | 'read'>): Searches => {
  const found = createFoundRegistrations({ client })
  // By the index of what is not delivered.
  const countExhausted = client
    .prepare<[partnerId: string, since: number, until: number], number>(`
      SELECT count(*) FROM messages m CROSS JOIN registrations r ON r.id = m.registration_id
      WHERE m.partner_id = ? AND m.state = 'exhausted' AND m.state <> 'delivered' AND m.created_at BETWEEN ? AND ?
        AND r.status <> 'cancelled'`)
    .pluck()
  const ownerOf = client.prepare<[id: string], string>('SELECT partner_id FROM registrations WHERE id = ?').pluck()
  return {
    ...createSearches((place, limit) => read(() => found.window(place, limit))),
    countExhausted: (partnerId, { since, until }) => read(() => countExhausted.get(partnerId, since, until) ?? 0),
    partnerOf: id => read(() => ownerOf.get(id) ?? null),
  }
}
