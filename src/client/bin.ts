#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { readDuration, SECOND } from '../core/duration.ts'
import { languageOf, type Words } from '../core/language.ts'
import { createClient, NotifierError } from './index.ts'
import { listen } from './listen.ts'
import { pause } from './pause.ts'

const USAGE: Words = {
  en: `Usage: idface-notifier listen URL [--url URL] [--api-key KEY] [--since TIME] [--after CURSOR]
Forwards webhooks, signed and as they are made, to your own server, such as http://localhost:3000/hook. What it has missed comes
again with --since 10m (or 2026-11-24T08:00:00Z). The service is named by NOTIFIER_URL or --url, the API key is in API_KEY or --api-key.
`,
  zh: `用法：idface-notifier listen URL [--url URL] [--api-key KEY] [--since TIME] [--after CURSOR]
将新产生的回调连同签名转发到您自己的服务，例如 http://localhost:3000/hook。漏收的回调可用
--since 10m（或 2026-11-24T08:00:00Z）重新转发。本服务的地址取自 NOTIFIER_URL 或 --url，API 密钥取自 API_KEY 或 --api-key。
`,
}

const isAddress = (text = ''): boolean => /^https?:\/\/[^/@]+(\/|$)/i.test(text) && URL.canParse(text)
const NO_BASE = /[?#]|\/v1\/*$/
const TIME = /^$|^\d{4}-.*T.*(Z|[+-]\d\d:\d\d)$/
const { env } = process
const language = languageOf(env)
const option = { type: 'string' } as const
const options = { url: option, 'api-key': option, since: option, after: option }
// Strict parsing would name only the first mistake, in English. So an option may be unknown, or `true` if it lacks a
// value.
const { values, positionals } = parseArgs({ options, allowPositionals: true, strict: false })
const strays = Object.keys(values).filter(name => !(name in options) || values[name as 'url'] === true)
const given = values as Partial<Record<keyof typeof options, string>>
const { url = env.NOTIFIER_URL ?? '', 'api-key': apiKey = env.API_KEY ?? '', after } = given
const agoMs = readDuration(given.since ?? '')
const since = agoMs === null ? given.since : new Date(Date.now() - agoMs).toISOString()
const [command, target = '', ...rest] = positionals
const rules: readonly [isKept: boolean, must: Words][] = [
  [command === 'listen', { en: 'the command must be listen', zh: '命令必须是 listen' }],
  [
    isAddress(target) && rest.length === 0,
    { en: 'URL must be one http(s) address', zh: 'URL 必须是一个 http(s) 地址' },
  ],
  [
    isAddress(url) && !NO_BASE.test(url),
    { en: "NOTIFIER_URL must be the service's address", zh: 'NOTIFIER_URL 必须是服务的地址' },
  ],
  [
    /^ifn_[\x21-\x7e]+$/.test(apiKey),
    { en: 'API_KEY must be the API key, ifn_…', zh: 'API_KEY 必须是 API 密钥 ifn_…' },
  ],
  [TIME.test(since ?? ''), { en: '--since must be a time with its offset', zh: '--since 必须是带时区偏移的时间' }],
  [strays.length === 0, { en: `unknown, or without a value: ${strays}`, zh: `无此选项或缺少值：${strays}` }],
]
const problems = rules.flatMap(([isKept, must]) => (isKept ? [] : [must[language]]))

if (values.help) process.stdout.write(USAGE[language])
else if (problems.length > 0) {
  process.stderr.write([...problems, '', USAGE[language]].join('\n'))
  process.exitCode = 2
} else {
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort())
  const say = (line: string) => process.stdout.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`)
  const from = { target, since, after }
  const client = createClient({ baseUrl: url, apiKey, language, retryForMs: 5 * SECOND })
  await listen({ client, fetch, pause, say, language, signal: end.signal }, from).catch((error: unknown) => {
    if (!(error instanceof NotifierError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
