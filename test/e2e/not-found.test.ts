import { describe, expect, test } from 'vitest'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage } from './stage.ts'

const FORMATS = ['json', 'xml'] as const

describe.concurrent('4061', () => {
  test.each(FORMATS)('inside the grace is "not visible yet" in %s', async format => {
    await using stage = await openStage({ NOT_FOUND_GRACE: '1h' })
    const { api, upstream } = stage
    const { id, idcardid } = await stage.register({ code: 4061, format })
    await upstream.waitFor(3)
    expect(await api.until(id, one => one.polls >= 2)).toMatchObject({ status: 'pending', reason: null })
    const { polling, sentence } = await api.explain(id)
    expect(polling).toMatchObject({ lastAnswer: 'not_found', code: 4061, status: null })
    expect(sentence).toContain('4061')
    upstream.script(idcardid, { status: 'FAIL', format })
    expect(bodyOf(await stage.delivery(id)).type).toBe('idface.failed')
  })

  test.each(FORMATS)('after the grace ends the registration as not_found in %s', async format => {
    await using stage = await openStage({ NOT_FOUND_GRACE: '250ms' })
    const { id, createdAt } = await stage.register({ code: 4061, format })
    const { type, data } = bodyOf(await stage.delivery(id))
    expect(type).toBe('idface.unresolved')
    expect(data).toMatchObject({
      reason: 'not_found',
      status: null,
      message: null,
      livingScore: null,
      similarity: null,
    })
    expect(Date.parse(data.observedAt) - Date.parse(createdAt)).toBeGreaterThanOrEqual(250)
    expect(await stage.api.find(id)).toMatchObject({ status: 'unresolved', reason: 'not_found', result: null })
    expect(await stage.api.explain(id)).toMatchObject({ status: 'unresolved', reason: 'not_found' })
    expect(await stage.admin.account(ACCOUNT.apiId)).toMatchObject({ paused: false })
  })

  test.each(FORMATS)('after ING is confirmed twice, apart, and ends as gone in %s', async format => {
    await using stage = await openStage({ NOT_FOUND_GRACE: '1h', POLL_MAX_INTERVAL: '200ms' })
    const { id, idcardid } = await stage.register({ steps: [{ status: 'ING' }], code: 4061, format })
    const { type, data } = bodyOf(await stage.delivery(id))
    expect(type).toBe('idface.unresolved')
    expect(data).toMatchObject({ reason: 'gone', status: 'ING' })
    const [, first, second, third, ...more] = stage.upstream.callsOf(idcardid).map(call => call.at)
    expect(more).toEqual([])
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(199)
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(199)
    expect(await stage.api.find(id)).toMatchObject({ status: 'unresolved', reason: 'gone', polls: 4 })
  })
})

describe.concurrent('4060', () => {
  test.each(FORMATS)('for one serial alone is asked twice again, then ends as invalid_id in %s', async format => {
    await using stage = await openStage()
    const other = await stage.register({ status: 'ING' })
    const { id, idcardid } = await stage.register({ code: 4060, format })
    const { type, data } = bodyOf(await stage.delivery(id))
    expect(type).toBe('idface.unresolved')
    expect(data).toMatchObject({ reason: 'invalid_id', status: null, message: null })
    expect(stage.upstream.callsOf(idcardid)).toHaveLength(3)
    expect(await stage.api.find(id)).toMatchObject({ status: 'unresolved', reason: 'invalid_id', polls: 3 })
    expect(await stage.api.find(other.id)).toMatchObject({ status: 'pending' })
    expect(await stage.admin.account(ACCOUNT.apiId)).toMatchObject({ paused: false })
  })
})
