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
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

const DIALECT: SourceDialect = {
  undelivered: 'deliveries',
  ofSerial: (idcardid, newest) => `
    SELECT r.id FROM (SELECT id FROM verifications WHERE idcardid = ${idcardid} OFFSET 0) AS v
      CROSS JOIN LATERAL (SELECT id FROM registrations WHERE verification_id = v.id OFFSET 0) AS r
    WHERE ${newest}`,
}

/** A plain join may read all of a table. */
const factsOf = (source: string): string => `
  SELECT ${FOUND_COLUMNS}
  FROM (${source}) AS s
    CROSS JOIN LATERAL (SELECT * FROM registrations WHERE id = s.id LIMIT 1) AS r
    CROSS JOIN LATERAL (SELECT * FROM verifications WHERE id = r.verification_id LIMIT 1) AS v
    LEFT JOIN LATERAL (SELECT * FROM messages WHERE seq = r.message_seq LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (SELECT * FROM attempts WHERE message_seq = m.seq ORDER BY n DESC LIMIT 1) AS a ON true
  ORDER BY s.id DESC`

/** Up to `limit` of the registrations among which the meant ones are, the newest first; fewer: there are no more. */
export const readWindow = async (tx: Tx, place: SearchPlace, limit: number): Promise<FoundRegistration[]> => {
  const { text, values } = sourceOf(place, limit, DIALECT)
  return (await tx.rows<FoundRow>(factsOf(text), values)).map(toFound)
}

export const findRegistration = async (tx: Tx, id: string): Promise<FoundRegistration | undefined> =>
  (await tx.rows<FoundRow>(factsOf('SELECT $1::text AS id'), [id])).map(toFound)[0]

export const createRegistrationSearch = ({ read }: Pick<Context, 'read'>): Searches => ({
  ...createSearches((place, limit) => read(tx => readWindow(tx, place, limit))),
  countExhausted: (partnerId, { since, until }) =>
    read(async tx => {
      const [row] = await tx.rows<{ count: number }>(
        `SELECT count(*) FROM deliveries d
           CROSS JOIN LATERAL (SELECT status FROM registrations WHERE id = d.registration_id LIMIT 1) AS r
           CROSS JOIN LATERAL (SELECT created_at FROM message_bodies WHERE seq = d.seq LIMIT 1) AS m
         WHERE d.partner_id = $1 AND d.state = 'exhausted' AND m.created_at BETWEEN $2 AND $3 AND r.status <> 'cancelled'`,
        [partnerId, since, until],
      )
      return row?.count ?? 0
    }),
  partnerOf: id =>
    read(async tx => {
      const [row] = await tx.rows<{ partnerId: string }>(
        'SELECT partner_id AS "partnerId" FROM registrations WHERE id = $1',
        [id],
      )
      return row?.partnerId ?? null
    }),
})
