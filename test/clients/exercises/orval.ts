import type { Given, Seen } from '../support/seen'
import {
  explain,
  getRegistration,
  listRegistrations,
  lookup,
  register,
  registerBatch,
  rotateSigningSecret,
} from './generated/client'

const CALLBACK = 'https://partner.example/hook'

/** Its URL is the one that the client was generated with. */
export const exercise = async ({ apiKey, serial }: Given): Promise<Seen> => {
  const options = { headers: { authorization: `Bearer ${apiKey}` } }
  const body = { idcardid: serial, callbackUrl: CALLBACK, metadata: { order: '42' } }

  const first = await register(body, options)
  if (first.status !== 201) throw new Error(`status ${first.status}`)
  const { id, idcardid, status } = first.data
  const again = await register(body, options)
  const got = await getRegistration(id, { wait: '0s' }, options)
  const listed = await listRegistrations({ idcardid: serial, status: 'pending', limit: 10 }, options)
  const registrations = [body, { idcardid: '0', callbackUrl: CALLBACK }]
  const batch = await registerBatch({ registrations }, options)
  const found = await lookup({ idcardids: [serial, 'unknown'] }, options)
  const explained = await explain(id, { headers: { ...options.headers, 'accept-language': 'zh' } })
  const rotated = await rotateSigningSecret({ overlap: '1h', type: 'v1' }, options)
  const missing = await getRegistration('reg_nobody', {}, options)
  const invalid = await register({ ...body, idcardid: '0' }, options)

  return {
    registered: { status: first.status, idcardid, state: status },
    again: again.status,
    gotIsSame: got.status === 200 && got.data.id === id,
    listed: listed.status === 200 ? listed.data.data.map(one => one.idcardid) : [],
    batch:
      batch.status === 200
        ? batch.data.results.map(one => ('problem' in one ? one.problem.title : one.registration.idcardid))
        : [],
    lookedUp: found.status === 200 ? found.data.data.map(one => [one.idcardid, one.registrations.length]) : [],
    explained: explained.status === 200 ? explained.data.language : '',
    rotated:
      rotated.status === 201
        ? {
            type: rotated.data.type,
            secret: rotated.data.secret,
            hasPreviousEnd: typeof rotated.data.previousExpiresAt === 'string',
          }
        : { type: '', secret: '', hasPreviousEnd: false },
    missing: { status: missing.status, title: missing.status === 404 ? missing.data.title : '' },
    invalid: invalid.status === 422 ? (invalid.data.errors?.map(one => one.path) ?? []) : [],
  }
}
