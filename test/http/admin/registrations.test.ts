import { describe, expect, test } from 'vitest'
import { type Json, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const SERIAL = '16236437872836'
const get = (path: string, key?: string) => api.admin('GET', path, undefined, key)
const idsOf = async (path: string): Promise<string[]> => (await get(path)).json.data.map(({ id }: Json) => id)

/** One that failed and is tried again, one that was given up and is another partner's, and one that waits for its verdict. */
const populate = async () => {
  const failing = await api.registerAndSend(503, { metadata: { order: '42' } })
  api.clock.now += 1_000
  const theirs = { idcardid: 'theirs', callbackUrl: 'https://other.example:8443/x' }
  const exhausted = await api.registerAndGiveUp(null, theirs, api.other.key)
  api.clock.now += 1_000
  const waiting = await api.register({ idcardid: 'waits' })
  return { failing: failing.id, exhausted: exhausted.id, waiting: waiting.id }
}

describe('an operator', () => {
  test('finds registrations of all partners, the newest first, page by page', async () => {
    const { failing, exhausted, waiting } = await populate()
    const { json } = await get('/registrations?limit=2')
    expect(json.data.map(({ id }: Json) => id)).toEqual([waiting, exhausted])
    expect(await idsOf(`/registrations?limit=2&cursor=${json.nextCursor}`)).toEqual([failing])
    expect((await get('/registrations')).json.data[2]).toEqual({
      id: failing,
      partnerId: api.partner.id,
      partnerName: 'one',
      accountId: api.account.id,
      idcardid: SERIAL,
      host: 'partner.example',
      callbackUrl: 'https://partner.example/hook',
      status: 'succeeded',
      reason: null,
      delivery: {
        messageId: failing.replace('reg_', 'msg_'),
        state: 'pending',
        attempts: 1,
        nextAttemptAt: expect.any(String),
        error: 'http_503',
        lastAttemptAt: '2026-11-24T16:20:00.000Z',
      },
      createdAt: '2026-11-24T16:20:00.000Z',
      resolvedAt: '2026-11-24T16:20:00.000Z',
    })
  })

  test('searches by each name, and counts the same', async () => {
    const { failing, exhausted, waiting } = await populate()
    const found: Record<string, string[]> = {
      [`partner=${api.other.id}`]: [exhausted],
      [`serial=${SERIAL}`]: [failing],
      'account=C12345678': [waiting, exhausted, failing],
      [`account=${api.account.id}&status=pending`]: [waiting],
      'status=succeeded': [exhausted, failing],
      'reason=expired': [],
      'delivery=exhausted': [exhausted],
      'host=OTHER.example:8443': [exhausted],
      'error=no_response': [exhausted],
      'error=no_response%20ECONNREFUSED': [exhausted],
      'error=no_response%20ETIMEDOUT': [],
      'error=http_503&host=other.example:8443': [],
      'since=1s': [waiting, exhausted],
      'since=2026-11-25T00:20:02%2B08:00': [waiting],
      'until=2s': [failing],
    }
    for (const [query, ids] of Object.entries(found)) {
      expect([query, await idsOf(`/registrations?${query}`)]).toEqual([query, ids])
      const { json } = await get(`/registrations/count?${query}`)
      expect([query, json]).toEqual([query, { count: ids.length, isCapped: false }])
    }
  })

  test.each(['account=none', 'partner=partner_none'])(
    '%s was answered like a search that finds nothing',
    async query => {
      for (const path of ['/registrations', '/registrations/count']) {
        const { status, json } = await get(`${path}?${query}`)
        const errors = [{ path: query.split('=')[0], message: expect.stringContaining('existing') }]
        expect([path, status, json.errors]).toEqual([path, 400, errors])
      }
    },
  )

  test.each([
    'partner=%20',
    'serial=0',
    'account=%20',
    'status=x',
    'reason=x',
    'delivery=x',
    'host=a/b',
    'error=%20',
    'error=blocked',
    'since=yesterday',
    'until=900d',
    'cursor=x',
    'idcardid=1',
  ])('is told what is wrong with %s', async query => {
    const { status, json } = await get(`/registrations?${query}`)
    expect([status, json.errors]).toEqual([400, [{ path: query.split('=')[0], message: expect.any(String) }]])
  })

  test.each(['read', 'operate'] as const)('with the role %s sees serials masked, and nothing personal', async role => {
    const { failing } = await populate()
    const { text: key } = await api.addToken(role)
    const revealed = await api.admin('POST', `/registrations/${failing}/reveal`, { reason: 'x' }, key)
    expect(revealed.status).toBe(403)
    const paths = ['/registrations', `/registrations/${failing}`, `/registrations/${failing}/attempts`]
    const answers = await Promise.all([...paths, `/registrations/${failing}/explain`].map(p => get(p, key)))
    for (const { status, text } of answers) {
      expect(status).toBe(200)
      for (const mark of [SERIAL, 'theirs', '/hook', '认证成功', 'hello', '"42"']) expect(text).not.toContain(mark)
    }
    expect(answers[0]?.json.data[2]).toMatchObject({ idcardid: '**36', callbackUrl: null, host: 'partner.example' })
    expect(answers[1]?.json).toMatchObject({ idcardid: '**36', result: { status: 'SUCCESS', message: null } })
  })

  test('sees one with its partner, its account and how it is asked', async () => {
    const { failing } = await populate()
    const { status, json } = await get(`/registrations/${failing}`)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      id: failing,
      idcardid: SERIAL,
      callbackUrl: 'https://partner.example/hook',
      metadata: null,
      result: { status: 'SUCCESS', message: null, similarity: null, livingScore: null },
      partner: { id: api.partner.id, name: 'one', disabled: false },
      account: { id: api.account.id, account: 'C12345678', paused: false },
      polling: { polls: 1, lastAnswer: 'verdict', code: 2, status: 'SUCCESS', nextPollAt: null },
      heldSince: null,
    })
  })

  test('saw metadata, message and scores without a trace: they are revealed for a reason, which the audit has', async () => {
    const { failing } = await populate()
    const reveal = (id: string, body?: unknown) => api.admin('POST', `/registrations/${id}/reveal`, body)
    const hidden = (await get(`/registrations/${failing}`)).json
    const { status, json } = await reveal(failing, { reason: 'the person asks' })
    expect([status, json]).toEqual([
      200,
      {
        ...hidden,
        metadata: { order: '42' },
        result: { status: 'SUCCESS', message: '认证成功', similarity: '100', livingScore: null },
        webhookBody: json.webhookBody,
      },
    ])
    const [event] = (await api.call('GET', `/v1/events?registrationId=${failing}`)).json.data
    expect([hidden.webhookBody, json.webhookBody]).toEqual([null, event.body])
    for (const body of [undefined, {}, { reason: ' ' }, { reason: 'x', why: 'y' }])
      expect([400, 415, 422]).toContain((await reveal(failing, body)).status)
    expect((await reveal('reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH', { reason: 'x' })).status).toBe(404)
    expect((await get('/audit')).json.data.at(-1)).toMatchObject({
      ...{ act: 'registration.reveal', object: failing, reason: 'the person asks', changes: null, outcome: 'done' },
    })
  })

  test('resends a webhook of any partner, which the audit has', async () => {
    const { exhausted, waiting } = await populate()
    const resend = (id: string, body?: unknown) => api.admin('POST', `/registrations/${id}/resend`, body)
    const { status, json } = await resend(exhausted, { reason: 'they asked' })
    expect([status, json]).toMatchObject([
      202,
      { registrationId: exhausted, partnerId: api.other.id, delivery: { state: 'pending', attempts: 1 } },
    ])
    expect((await resend(waiting)).status).toBe(409)
    const { data } = (await get('/audit')).json
    expect(data).toMatchObject([
      { act: 'registration.resend', object: waiting, outcome: 'refused' },
      { act: 'registration.resend', object: exhausted, reason: 'they asked', outcome: 'done' },
    ])
  })
})

describe('acts', () => {
  const act = (method: string, path: string) => api.admin(method, `/registrations/${path}`)

  test('an operator has a serial asked about now, but not one that is cancelled', async () => {
    const { failing, waiting } = await populate()
    await api.answerWith({ kind: 'waiting', code: 2, status: 'REGISTERED' })
    const { nextPollAt: planned } = (await get(`/registrations/${waiting}`)).json
    api.clock.now += 1_000
    expect(Date.parse(planned)).toBeGreaterThan(api.clock.now)
    const poll = (id: string) => api.admin('POST', `/registrations/${id}/poll`, { reason: 'they called' })
    expect((await poll(waiting)).json).toEqual({
      registrationId: waiting,
      partnerId: api.partner.id,
      nextPollAt: '2026-11-24T16:20:03.000Z',
    })
    expect(await poll(failing)).toMatchObject({ status: 202, json: { nextPollAt: null } })
    expect((await act('DELETE', waiting)).status).toBe(204)
    expect((await poll(waiting)).status).toBe(409)
    expect((await act('POST', 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH/poll')).status).toBe(404)
    expect((await get('/audit')).json.data).toMatchObject([
      { act: 'registration.poll', outcome: 'refused' },
      { act: 'registration.poll', object: waiting, reason: 'they called', outcome: 'refused' },
      { act: 'registration.cancel', object: waiting, outcome: 'done' },
      { act: 'registration.poll', object: failing, outcome: 'done' },
      { act: 'registration.poll', object: waiting, reason: 'they called', outcome: 'done' },
    ])
  })

  test('an operator cancels a registration of any partner, which the log and the audit have', async () => {
    const { waiting } = await populate()
    for (let n = 0; n < 2; n++) expect((await act('DELETE', `${waiting}?reason=wrong`)).status).toBe(204)
    expect((await get(`/registrations/${waiting}`)).json.status).toBe('cancelled')
    expect(api.logged.filter(line => line.includes('registration.ended') && line.includes(waiting))).toHaveLength(1)
    expect((await get('/audit')).json.data[0]).toMatchObject({
      ...{ act: 'registration.cancel', object: waiting, reason: 'wrong', outcome: 'done' },
    })
    expect((await act('DELETE', 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH')).status).toBe(404)
    expect((await act('DELETE', `${waiting}?why=wrong`)).status).toBe(400)
  })

  test('an operator erases one that has ended, which the audit calls so', async () => {
    const { failing } = await populate()
    expect((await act('DELETE', failing)).json.type).toBe('/docs/problems#has_verdict')
    expect((await act('DELETE', `${failing}?erase=true&reason=asked`)).status).toBe(204)
    expect((await get('/audit')).json.data).toMatchObject([
      { act: 'registration.erase', object: failing, reason: 'asked', outcome: 'done' },
      { act: 'registration.cancel', object: failing, outcome: 'refused' },
    ])
  })
})

describe('failures', () => {
  test('are grouped by host and error', async () => {
    await populate()
    const both = {
      count: 1,
      partners: 1,
      partnerId: expect.any(String),
      oldestAt: expect.any(String),
      newestAt: expect.any(String),
    }
    expect((await get('/messages/groups')).json).toEqual({
      data: [
        {
          host: 'other.example:8443',
          error: 'no_response ECONNREFUSED',
          pending: 0,
          exhausted: 1,
          ...both,
          partnerName: 'other',
        },
        { host: 'partner.example', error: 'http_503', pending: 1, exhausted: 0, ...both, partnerName: 'one' },
      ],
      isCapped: false,
    })
  })
})
