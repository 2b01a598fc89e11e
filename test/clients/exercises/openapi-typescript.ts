import createClient from 'openapi-fetch'
import type { Given, Seen } from '../support/seen'
import type { paths } from './generated/schema'

const CALLBACK = 'https://partner.example/hook'

export const exercise = async ({ url, apiKey, serial }: Given): Promise<Seen> => {
  const client = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${apiKey}` } })
  const body = { idcardid: serial, callbackUrl: CALLBACK, metadata: { order: '42' } }

  const first = await client.POST('/v1/registrations', { body })
  if (!first.data) throw new Error(first.error.detail)
  const { id, idcardid, status } = first.data
  const again = await client.POST('/v1/registrations', { body })
  const got = await client.GET('/v1/registrations/{id}', { params: { path: { id }, query: { wait: '0s' } } })
  const listed = await client.GET('/v1/registrations', {
    params: { query: { idcardid: serial, status: 'pending', limit: 10 } },
  })
  const batch = await client.POST('/v1/registrations/batch', {
    body: { registrations: [body, { idcardid: '0', callbackUrl: CALLBACK }] },
  })
  const found = await client.POST('/v1/registrations/lookup', { body: { idcardids: [serial, 'unknown'] } })
  const explained = await client.GET('/v1/registrations/{id}/explain', {
    params: { path: { id }, header: { 'accept-language': 'zh' } },
  })
  const rotated = await client.POST('/v1/signing-secrets/rotate', { body: { overlap: '1h', type: 'v1' } })
  const missing = await client.GET('/v1/registrations/{id}', { params: { path: { id: 'reg_nobody' } } })
  const invalid = await client.POST('/v1/registrations', { body: { ...body, idcardid: '0' } })

  return {
    registered: { status: first.response.status, idcardid, state: status },
    again: again.response.status,
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
    missing: { status: missing.response.status, title: missing.error?.title ?? '' },
    invalid: invalid.error?.errors?.map(one => one.path) ?? [],
  }
}
