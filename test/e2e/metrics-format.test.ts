import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { scrape } from '../support/prometheus.ts'
import { ACCOUNT } from '../support/service.ts'
import { openStage } from './stage.ts'

const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0

/** A service that has had traffic of each kind, with the texts that must be in no label. */
const openBusy = async () => {
  const stage = await openStage({ RETRY_SCHEDULE: '20ms,20ms' })
  const { api, admin, receiver, upstream } = stage
  receiver.plan('/hook', [500, 410])
  const failing = await stage.register({ status: 'SUCCESS' }, { metadata: { order: 'mark-order' } })
  await api.until(failing.id, one => one.delivery.state === 'exhausted')
  await stage.register({ status: 'no_such_status' })
  await stage.register({ code: 4060 })
  const other = await stage.openReceiver()
  upstream.script('mark-serial', { status: 'FAIL' })
  const body = { idcardid: 'mark-serial', callbackUrl: other.urlFor('/mark-path?mark=query') }
  const told = await api.register(body)
  await api.until(told.id, one => one.delivery.state === 'delivered')
  await api.resend(told.id)
  const more = await stage.addPartner('mark-partner')
  await more.api.call('POST', '/v1/registrations', body)
  await api.call('POST', '/v1/registrations', { idcardid: '0', callbackUrl: 'http://mark-host.example/' })
  await api.call('GET', '/v1/mark-nowhere?mark=query')
  await api.call('BREW', '/v1/registrations')
  await admin.pause(ACCOUNT.apiId)
  const marks = [
    ...['mark', '.example', '127.0.0.1', 'localhost', new URL(other.url).port, new URL(receiver.url).port],
    ...[stage.partner.partnerId, more.partnerId, stage.partner.apiKey, failing.id, told.id, failing.idcardid],
    ...[failing.id.replace('reg_', ''), ACCOUNT.apiId],
  ]
  return { ...stage, marks }
}

describe('the metrics of a service with traffic of each kind', () => {
  test('name no partner, serial, URL, host or APIID in any label, and of the ids an account’s alone', async () => {
    await using busy = await openBusy()
    const { lines } = await scrape(busy.service.url)
    const { id } = await busy.admin.account(ACCOUNT.apiId)
    const all = new Set(lines.flatMap(({ labels }) => Object.values(labels)))
    expect(all.delete(id)).toBe(true)
    const values = [...all]
    expect(values.filter(value => busy.marks.some(mark => value.includes(mark)))).toEqual([])
    // Neither a prefixed id, nor a long number.
    expect(values.filter(value => /_01[0-9A-HJKMNP-TV-Z]{10}|\d{10,}/.test(value))).toEqual([])
    const routes = new Set(lines.flatMap(({ labels: { route } }) => route ?? []))
    for (const route of routes) expect(route).toMatch(/^(\/|\*)[a-z/:*.\d-]*(:id|:file|\*)?$/)
    expect(lines.length).toBeLessThan(3_000)
  })

  test('pass the check of promtool', async ({ skip }) => {
    skip(!HAS_PROMTOOL, 'there is no promtool here (Debian: prometheus)')
    await using busy = await openBusy()
    const response = await fetch(`${busy.service.url}/metrics`)
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await response.text() })
    expect(`${stdout}${stderr}`).toBe('')
    expect(status).toBe(0)
  })
})
