import type { RegistrationQuery } from '../registration.ts'
import { createRegistrationPages as createPages, type PageKey, type PageReads } from '../registration-pages.ts'
import type { Context } from './context.ts'

type Row = Awaited<ReturnType<PageReads['withStatus']>>[number]

/** The ids of a page. The pluses keep SQLite from compiling a statement anew for each value. */
export const createRegistrationPages = ({
  client,
  read,
}: Pick<Context, 'client' | 'read'>): ((partnerId: string, query: RegistrationQuery) => Promise<string[]>) => {
  const withStatus = client.prepare<PageKey<'status'>, Row>(`
    SELECT id, status, NULL AS state FROM registrations
    WHERE partner_id = +@partnerId AND status = +@status AND id < +@before ORDER BY id DESC LIMIT +@limit`)
  const withStatusAndState = client.prepare<PageKey<'status'>, Row>(`
    SELECT id, status, (SELECT state FROM messages WHERE seq = message_seq) AS state FROM registrations
    WHERE partner_id = +@partnerId AND status = +@status AND id < +@before ORDER BY id DESC LIMIT +@limit`)
  const undelivered = client.prepare<PageKey<'state'>, Row>(`
    SELECT registration_id AS id, (SELECT status FROM registrations WHERE id = registration_id) AS status, state
    FROM messages
    WHERE partner_id = +@partnerId AND state = +@state AND state <> 'delivered' AND registration_id < +@before
    ORDER BY registration_id DESC LIMIT +@limit`)
  /** From the serial to its registrations: the pluses keep SQLite from going through all of the partner's instead. */
  const ofSerial = client.prepare<PageKey<'idcardid'>, Row>(`
    SELECT r.id, r.status, m.state
    FROM verifications v CROSS JOIN registrations r ON r.verification_id = v.id
      LEFT JOIN messages m ON m.seq = r.message_seq
    WHERE v.idcardid = +@idcardid AND +r.partner_id = @partnerId AND +r.id < @before
    ORDER BY r.id DESC LIMIT +@limit`)

  return createPages({
    withStatus: key => read(() => withStatus.all(key)),
    withStatusAndState: key => read(() => withStatusAndState.all(key)),
    undelivered: key => read(() => undelivered.all(key)),
    ofSerial: key => read(() => ofSerial.all(key)),
  })
}
