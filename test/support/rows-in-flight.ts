import { randomBytes } from 'node:crypto'
import { Secret } from '../../src/core/secret.ts'
import { sealedUnder } from '../../src/store/sealed.ts'

/** Their numbers. */
export const IN_FLIGHT = { leased: 1, lapsed: 2, waiting: 3 } as const

/** Statements that leave three webhooks of one lane as a version does that knows leases by due times alone. */
export const rowsInFlight = ({
  masterKey,
  now,
  leaseEnd,
  bytes,
}: {
  masterKey: Buffer
  now: number
  leaseEnd: number
  /** A value of bytes, from their hexadecimal digits. */
  bytes: (hex: string) => string
}): string[] => {
  const sealed = sealedUnder({ masterKey }, randomBytes)
  const partnerId = 'prt_1'
  const url = 'https://partner.example/hook'
  const secret = sealed.signingSecret.seal({ id: 'sec_1', partnerId }, new Secret(`whsec_${'a'.repeat(43)}=`))
  const { leased, lapsed, waiting } = IN_FLIGHT
  const deliveries = [
    { seq: leased, dueAt: leaseEnd, claimedAt: now - 5_000, claims: 1 },
    { seq: lapsed, dueAt: now - 1_000, claimedAt: now - 31_000, claims: 1 },
    { seq: waiting, dueAt: now - 2_000, claimedAt: null, claims: 0 },
  ]
  return [
    `INSERT INTO meta (key, value) VALUES ('canary', ${bytes(sealed.canary.seal().toString('hex'))})`,
    `INSERT INTO partners (id, name, created_at, events) VALUES ('${partnerId}', 'Zoë', 1, 3)`,
    `INSERT INTO signing_secrets (id, partner_id, type, secret, created_at)
      VALUES ('sec_1', '${partnerId}', 'v1', ${bytes(secret.toString('hex'))}, 1)`,
    `INSERT INTO lanes (partner_id, host, due_at) VALUES ('${partnerId}', 'partner.example', ${now - 2_000})`,
    ...deliveries.flatMap(({ seq, dueAt, claimedAt, claims }) => {
      const registrationId = `reg_${seq}`
      const body = sealed.message.seal({ partnerId, registrationId }, '{}')
      return [
        `INSERT INTO message_bodies (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at)
          VALUES ('${partnerId}', ${seq}, '${registrationId}', 1, '${url}', 'idface.succeeded', ${bytes(body.toString('hex'))}, 1)`,
        `INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at, claimed_at, claims)
          VALUES (${seq}, '${partnerId}', '${registrationId}', 1, '${url}', ${dueAt}, ${claimedAt}, ${claims})`,
      ]
    }),
  ]
}
