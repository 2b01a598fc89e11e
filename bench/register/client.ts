import { answerMessages, openChild } from '../support/child.ts'
import { percentile } from '../support/contest.ts'
import { serialOf } from '../support/pace.ts'
import { type Answer, openConnection } from './connection.ts'

export interface Load {
  url: string
  apiKey: string
  requests: number
  /** Requests in flight, each on a connection of its own. */
  width: number
  /** Registrations in a request; more than 1 are a batch. */
  size: number
  /** The number of the first serial; each serial is sent once. */
  from: number
}

export interface Measured {
  seconds: number
  p50Ms: number
  p99Ms: number
}

/** Every fourth registration has a deadline, in epoch seconds. */
const WITH_DEADLINE = 4
const DEADLINE_SECONDS = 7 * 24 * 60 * 60

const registrationOf = (index: number) => ({
  idcardid: serialOf('9', index),
  callbackUrl: 'https://partner.example/webhooks/idface',
  metadata: { order: `2026-${index}` },
  ...(index % WITH_DEADLINE === 0 ? { expiresAt: Math.floor(Date.now() / 1000) + DEADLINE_SECONDS } : {}),
})

const bodyOf = (index: number, { size, from }: Load): string => {
  if (size === 1) return JSON.stringify(registrationOf(from + index))
  const first = from + index * size
  return JSON.stringify({ registrations: Array.from({ length: size }, (_, at) => registrationOf(first + at)) })
}

/** Throws unless all of a batch are registered. */
const refuseOthers = (size: number, { status, body }: Answer): void => {
  if (size === 1 ? status === 201 : status === 200 && body().split('"status":201').length - 1 === size) return
  throw new Error(`answered ${status}: ${body().slice(0, 300)}`)
}

const run = async (load: Load): Promise<Measured> => {
  const { url, apiKey, requests, width, size } = load
  const place = { path: size === 1 ? '/v1/registrations' : '/v1/registrations/batch', apiKey }
  const connections = await Promise.all(Array.from({ length: width }, () => openConnection(url, place)))
  const latencies: number[] = []
  let next = 0
  const startedAt = performance.now()
  await Promise.all(
    connections.map(async connection => {
      while (next < requests) {
        const body = bodyOf(next++, load)
        const sentAt = performance.now()
        const answer = await connection.post(body)
        latencies.push(performance.now() - sentAt)
        refuseOthers(size, answer)
      }
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  for (const connection of connections) connection.close()
  return { seconds, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) }
}

/** The partner, in a process of its own. */
export const openClient = () => {
  const child = openChild(import.meta.filename)
  return {
    run: (load: Load) => child.ask<Measured>({ ...load }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

if (import.meta.main) answerMessages(async (load: Load) => ({ ...(await run(load)) }))
