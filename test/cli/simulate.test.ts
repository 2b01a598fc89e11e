import { afterAll, describe, expect, test } from 'vitest'
import { runSimulator } from '../../src/cli/simulate.ts'
import { agent, ask } from '../simulator/ask.ts'

afterAll(() => agent.close())

/** Starts it on a free port; `printed` resolves with what it prints. */
const start = (options: { json?: boolean; apiId?: string; apiKey?: string }) => {
  const stop = new AbortController()
  const { promise: printed, resolve: print } = Promise.withResolvers<string>()
  return { printed, stop, stopped: runSimulator({ port: 0, print, signal: stop.signal, ...options }) }
}

describe('simulate', () => {
  test('prints one JSON line, answers the test serials, and stops', async () => {
    const { printed, stop, stopped } = start({ json: true, apiId: 'me', apiKey: 'mine' })
    const line = await printed
    const { url, account, apiKey } = JSON.parse(line) as Record<string, string>
    expect(line).not.toContain('\n')
    expect([account, apiKey]).toEqual(['me', 'mine'])
    const codeOf = async (idcardid: string) =>
      (await ask(String(url), { account: 'me', password: 'mine', idcardid })).json
    expect(await codeOf('test_success')).toMatchObject({ code: 2, result: { status: 'SUCCESS' } })
    expect(await codeOf('test_fail_1h')).toMatchObject({ code: 2, result: { status: 'ING' } })
    expect(await codeOf('test_notfound')).toMatchObject({ code: 4061 })
    expect(await codeOf('16236437872836')).toMatchObject({ code: 4061 })
    stop.abort()
    await stopped
    await expect(codeOf('test_success')).rejects.toThrow()
  })

  test('prints settings that can be pasted, and how to script a serial', async () => {
    const { printed, stop, stopped } = start({})
    const text = await printed
    expect(text).toMatch(/IHUYI_URL=http:\/\/127\.0\.0\.1:\d+\/idcard\/idface\/GetResult\.json\n/)
    expect(text).toContain('IHUYI_ACCOUNT=simulator\n')
    expect(text).toMatch(/curl .*\/_script\n/)
    const [, body = '', to = ''] = /-d '(.*)' (http:.*_account)\n/.exec(text) ?? []
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(to, { method: 'POST', headers, body })).status).toBe(204)
    const url = /IHUYI_URL=(\S+)/.exec(text)?.[1] ?? ''
    const asked = { account: 'simulator', password: 'simulator-key', idcardid: 'test_success' }
    expect((await ask(url, asked)).json).toMatchObject({ code: 4050 })
    const ending = /curl -X DELETE '(.*)'\n/.exec(text)?.[1] ?? ''
    expect((await fetch(ending, { method: 'DELETE' })).status).toBe(204)
    expect((await ask(url, asked)).json).toMatchObject({ code: 2 })
    stop.abort()
    await stopped
  })

  test('rejects when the port is taken', async () => {
    const { printed, stop, stopped } = start({ json: true })
    const port = Number(new URL((JSON.parse(await printed) as { url: string }).url).port)
    const second = runSimulator({ port, print: () => {}, signal: stop.signal })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
    stop.abort()
    await stopped
  })
})
