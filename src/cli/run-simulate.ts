import { describeError } from '../telemetry/log.ts'
import { print, refuse } from './environment.ts'
import { simulate } from './simulate.ts'

interface Options {
  host: string
  port: number
  account: string
  apiKey: string
  json?: boolean
}

export const runSimulate = async ({ host, port, account, apiKey, json = false }: Options): Promise<void> => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  await simulate({ host, port, apiId: account, apiKey, json, print, signal: stop.signal }).catch((error: unknown) =>
    refuse(`cannot listen on ${host}:${port} (${describeError(error).code ?? 'unknown error'}); choose another --port`),
  )
}
