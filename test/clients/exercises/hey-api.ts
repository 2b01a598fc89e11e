import type { Given, Seen } from '../support/seen'
import {
  explain,
  getRegistration,
  listRegistrations,
  lookup,
  register,
  registerBatch,
  rotateSigningSecret,
} from './generated'
import { client } from './generated/client.gen'

const CALLBACK = 'https://partner.example/hook'

export const exercise = async ({ url, apiKey, serial }: Given): Promise<Seen> => {
  client.setConfig({ baseUrl: url, auth: () => apiKey })
  const body = { idcardid: serial, callbackUrl: CALLBACK, metadata: { order: '42' } }

  const first = await register({ body })
  if (!first.data) throw new Error(first.error.detail)
  const { id, idcardid, status } = first.data
  const again = await register({ body })
  const got = await getRegistration({ path: { id }, query: { wait: '0s' } })
  const listed = await listRegistrations({ query: { idcardid: serial, status: 'pending', limit: 10 } })
  const batch = await registerBatch({ body: { registrations: [body, { idcardid: '0', callbackUrl: CALLBACK }] } })
  const found = await lookup({ body: { idcardids: [serial, 'unknown'] } })
  const explained = await explain({ path: { id }, headers: { 'accept-language': 'zh' } })
  const rotated = await rotateSigningSecret({ body: { overlap: '1h', type: 'v1' } })
  const missing = await getRegistration({ path: { id: 'reg_nobody' } })
  const invalid = await register({ body: { ...body, idcardid: '0' } })

  return {
    registered: { status: first.response?.status ?? 0, idcardid, state: status },
    again: again.response?.status ?? 0,
    gotIsSame: got.data?.id === id,
    listed: listed.data?.data.map(one => one.idcardid) ?? [],
    batch: batch.data?.results.map(one => ('problem' in one ? one.problem.title : one.registration.idcardid)) ?? [],
    lookedUp: found.data?.data.map(one => [one.idcardid, one.registrations.length]) ?? [],
    explained: explained.data?.language ?? '',
    rotated: {
      type: rotated.data?.type ?? '',
      secret: rotated.data?.secret ?? '',
      hasPreviousEnd: typeof rotated.data?.previousExpiresAt === 'string',
    },
    missing: { status: missing.response?.status ?? 0, title: missing.error?.title ?? '' },
    invalid: invalid.error?.errors?.map(one => one.path) ?? [],
  }
}
