import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'
import { eventually } from '../support/api-client.ts'
import { runCli } from '../support/run-cli.ts'
import { MARKERS, VERDICT } from './support/scene.ts'
import { findInTables, readTables } from './support/tables.ts'

const { metadata, message, livingScore, similarity, excerpt, path } = MARKERS
const ERASED = [metadata, message, livingScore, similarity, excerpt]

type Stage = Awaited<ReturnType<typeof openStage>>

const register = (stage: Stage, more: { afterMs?: number; delayMs?: number } = {}) =>
  stage.register({ ...VERDICT, ...more }, { path: `/${path}`, metadata: { note: metadata } })

/** Reads all answers of the API about it, and about everything else. */
const readAll = async ({ api }: Stage, id: string): Promise<string> => {
  const paths = ['', '/attempts', '/explain'].map(rest => `/v1/registrations/${id}${rest}`)
  const answers = await Promise.all(
    [...paths, '/v1/registrations', '/v1/events', '/v1/registrations?status=cancelled'].map(one => api.get(one)),
  )
  return JSON.stringify(answers)
}

const databaseOf = ({ folder }: Stage) => join(folder, 'notifier.db')

const expectErased = async (stage: Stage, id: string) => {
  const answers = await readAll(stage, id)
  for (const marker of ERASED) expect(answers).not.toContain(marker)
  // Nor how it ended.
  expect(answers).not.toMatch(/FAIL|idface\.failed/)
  expect(findInTables(databaseOf(stage), ERASED)).toEqual([])
  const { verifications = '' } = readTables(databaseOf(stage))
  expect(verifications).not.toContain('FAIL')
}

describe('DELETE', () => {
  test.each(['its partner', 'an operator'])(
    'erases metadata, scores, message and what the receiver said',
    async who => {
      await using stage = await openStage()
      const { api, receiver, admin } = stage
      receiver.plan(`/${path}`, [{ status: 500, body: excerpt }])
      const { id } = await register(stage)
      await api.until(id, ({ delivery }) => delivery.state === 'delivered')
      const before = await readAll(stage, id)
      for (const marker of ERASED) expect(before).toContain(marker)
      const isOperator = who === 'an operator'
      const ended = isOperator
        ? await admin.call('DELETE', `/v1/admin/registrations/${id}?erase=true`)
        : await api.erase(id)
      expect(ended.status).toBe(204)
      await expectErased(stage, id)
    },
  )

  test('of one of two registrations of a serial keeps the verdict for the other, and of both erases it', async () => {
    await using stage = await openStage()
    const { api } = stage
    const { id, idcardid } = await register(stage)
    const other = await api.register({ idcardid, callbackUrl: stage.receiver.urlFor('/other') })
    for (const one of [id, other.id]) await api.until(one, ({ delivery }) => delivery.state === 'delivered')
    await api.erase(id)
    expect(await api.find(other.id)).toMatchObject({ result: { similarity, livingScore } })
    await api.erase(other.id)
    await expectErased(stage, id)
  })

  test('during an attempt keeps nothing of the answer that is still to come', async () => {
    await using stage = await openStage()
    const { api, receiver, deliveriesOf } = stage
    receiver.plan(`/${path}`, [{ status: 200, body: excerpt, delayMs: 300 }])
    const { id } = await register(stage)
    await receiver.waitFor(() => deliveriesOf(id).length === 1)
    await api.erase(id)
    await api.until(id, ({ delivery }) => delivery.attempts === 1)
    await expectErased(stage, id)
    expect(await api.attempts(id)).toMatchObject([{ outcome: 'delivered', responseExcerpt: null }])
  })

  test('during a call to upstream keeps nothing of the verdict that is still to come', async () => {
    await using stage = await openStage()
    const { api, upstream } = stage
    const asked = upstream.nextCall()
    const { id } = await register(stage, { delayMs: 300 })
    await asked
    await api.erase(id)
    await api.until(id, ({ polls }) => polls === 1)
    await expectErased(stage, id)
    expect(upstream.calls).toHaveLength(1)
  })
})

describe('the end of retention', () => {
  test('leaves nothing of it in any table', async () => {
    await using stage = await openStage({ RETENTION: '1s' })
    const { api, receiver, folder, env } = stage
    receiver.plan(`/${path}`, [{ status: 500, body: excerpt }, 410])
    const { id, idcardid } = await register(stage)
    await api.until(id, ({ delivery }) => delivery.state === 'exhausted')
    const traces = [id, id.slice('reg_'.length), idcardid, path, ...ERASED]
    expect(findInTables(databaseOf(stage), traces)).not.toEqual([])
    const prune = async () => {
      await runCli(['prune', '--json'], { cwd: folder, env })
      return findInTables(databaseOf(stage), traces)
    }
    await eventually(prune, left => left.length === 0)
    expect((await api.call('GET', `/v1/registrations/${id}`)).status).toBe(404)
  })
})
