import type { RegistrationQuery } from '../registration.ts'
import { createRegistrationPages as createPages } from '../registration-pages.ts'
import type { Context } from './context.ts'

/** The ids of a page. */
export const createRegistrationPages = ({
  read,
}: Pick<Context, 'read'>): ((partnerId: string, query: RegistrationQuery) => Promise<string[]>) =>
  createPages({
    withStatus: ({ partnerId, status, before, limit }) =>
      read(tx => tx.rows(WITH_STATUS, [partnerId, status, before, limit])),
    withStatusAndState: ({ partnerId, status, before, limit }) =>
      read(tx => tx.rows(WITH_STATUS_AND_STATE, [partnerId, status, before, limit])),
    undelivered: ({ partnerId, state, before, limit }) =>
      read(tx => tx.rows(UNDELIVERED, [partnerId, state, before, limit])),
    ofSerial: ({ partnerId, idcardid, before, limit }) =>
      read(tx => tx.rows(OF_SERIAL, [partnerId, idcardid, before, limit])),
  })

const WITH_STATUS = `
  SELECT id, status, NULL AS state FROM registrations
  WHERE partner_id = $1 AND status = $2 AND id < $3 ORDER BY id DESC LIMIT $4`
const WITH_STATUS_AND_STATE = `
  SELECT id, status, (SELECT state FROM messages WHERE seq = message_seq) AS state FROM registrations
  WHERE partner_id = $1 AND status = $2 AND id < $3 ORDER BY id DESC LIMIT $4`
const UNDELIVERED = `
  SELECT registration_id AS id, (SELECT status FROM registrations r WHERE r.id = registration_id) AS status, state
  FROM deliveries
  WHERE partner_id = $1 AND state = $2 AND registration_id < $3
  ORDER BY registration_id DESC LIMIT $4`
/** From the serial to its registrations, of which there are a thousand at most. A join may read all of the partner's. */
const OF_SERIAL = `
  SELECT r.id, r.status, (SELECT state FROM messages WHERE seq = r.message_seq) AS state
  FROM (SELECT id FROM verifications WHERE idcardid = $2 OFFSET 0) AS v
    CROSS JOIN LATERAL (SELECT * FROM registrations WHERE verification_id = v.id OFFSET 0) AS r
  WHERE r.partner_id = $1 AND r.id < $3
  ORDER BY r.id DESC LIMIT $4`
