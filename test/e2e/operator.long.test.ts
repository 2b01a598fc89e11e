import { Webhook } from 'standardwebhooks'
import { describe, expect, test, vi } from 'vitest'
import { openAnswering } from '../support/operator-robots.ts'
import { scrape } from '../support/prometheus.ts'
import { runCli } from '../support/run-cli.ts'
import { ACCOUNT, openFolder } from '../support/service.ts'
import { openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`

interface Told {
  type: string
  data: { subject: string; state: string; count: number; sentence: string }
}

/** A receiver of the operator's, which verifies what it gets. */
const openDuty = async (status = 204) => {
  const told: Told[] = []
  const receiver = await openAnswering(({ body, headers }) => {
    told.push(new Webhook(SECRET).verify(body, headers as Record<string, string>) as Told)
    return { status, body: '' }
  })
  return {
    told,
    env: { OPERATOR_URL: receiver.url, OPERATOR_SECRET: SECRET },
    until: (type: string) =>
      vi.waitFor(
        () => {
          const found = told.find(one => one.type === type)
          if (!found) throw new Error(`nobody was told of ${type}: ${told.map(one => one.type).join(', ')}`)
          return found
        },
        { timeout: 30_000, interval: 50 },
      ),
    [Symbol.asyncDispose]: receiver[Symbol.asyncDispose],
  }
}

describe.concurrent('operators', () => {
  test('are told that an account is paused, and that it goes on, whoever resumed it', async () => {
    await using duty = await openDuty()
    await using stage = await openStage(duty.env)
    const { service, upstream } = stage
    upstream.account(ACCOUNT.apiId, { code: 405 })
    await stage.register({ status: 'SUCCESS' })
    const paused = await duty.until('account.paused')
    expect(paused.data).toMatchObject({ subject: ACCOUNT.apiId, state: 'firing', count: 1 })
    expect(paused.data.sentence).toContain('the APIID or the APIKEY is wrong (code 405)')

    // Resumed while it is still refused, it is not back, and no notice says so.
    const resume = ['account', 'resume', ACCOUNT.apiId, '--lang', 'en']
    const still = await runCli(resume, { cwd: stage.folder, env: stage.env })
    expect(still).toMatchObject({ code: 1, stdout: expect.stringMatching(/is not back: paused: .*wrong \(405\)\n$/) })

    upstream.account(ACCOUNT.apiId, null)
    const back = await runCli(resume, { cwd: stage.folder, env: stage.env })
    expect(back.stdout).toContain('is resumed')
    expect((await duty.until('account.resumed')).data).toMatchObject({ subject: ACCOUNT.apiId, state: 'resolved' })
    expect(duty.told.map(({ type }) => type)).toEqual(['account.paused', 'account.resumed'])
    const page = await scrape(service.url)
    expect(page.value('idface_operator_events_total', { type: 'account.paused', result: 'sent' })).toBe(1)
    expect(page.value('idface_operator_events_total', { type: 'disk.low', result: 'sent' })).toBe(0)
    const ready = (await (await fetch(`${service.url}/readyz`)).json()) as { checks: { name: string }[] }
    expect(ready.checks).toContainEqual({ name: 'operator', ok: true, reason: null })
  })
})

describe.concurrent('notify-test', () => {
  test('sends a test, beside no service and no database', async () => {
    await using duty = await openDuty()
    await using folder = await openFolder()
    const { code, stdout } = await runCli(['notify-test'], { cwd: folder.path, env: duty.env })
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Sent: webhook accepted the test. Check that it has arrived in the chat.\n',
    })
    expect(duty.told).toMatchObject([
      { type: 'operator.test', data: { sentence: expect.stringContaining('Nothing is wrong') } },
    ])
    const json = await runCli(['notify-test', '--json'], { cwd: folder.path, env: duty.env })
    expect(JSON.parse(json.stdout)).toEqual({ channel: 'webhook', sent: true })
  })
})
