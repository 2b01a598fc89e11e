import type { IncomingMessage, ServerResponse } from 'node:http'
import { MINUTE } from '../core/duration.ts'
import { type Call, describeCall } from './call.ts'
import { createControl } from './control.ts'
import { judgeCredentials } from './credentials.ts'
import { createJournal } from './journal.ts'
import { openServer } from './open-server.ts'
import { readParameters } from './read-parameters.ts'
import type { Step } from './script.ts'
import { createScriptBook, type DefaultScript } from './script-book.ts'
import { sendStep } from './send-step.ts'

const PATH = '/idcard/idface/GetResult.json'

export interface UpstreamSimulatorOptions {
  host?: string
  port?: number
  accounts: readonly { apiId: string; apiKey: string }[]
  /** Epoch ms. */
  now: () => number
  /** 0 ≤ n < 1, for `rate` and `oneOf`; a fixed sequence unless given. */
  random?: () => number
  /** False keeps no calls (benchmarks), a number about so many of the last; they are announced and counted still. */
  record?: boolean | number
  /** For serials without a script; null: they answer 4061. */
  defaultScript?: DefaultScript
  /** How far a dynamic password's `time` may be off; 60 s. */
  passwordWindowMs?: number
}

/**
 * A GetResult that answers as scripted, over real sockets. Credentials are checked as documented, an unknown serial answers
 * 4061. A call counts, and is announced, when it has arrived; its answer may come later (`delayMs`) or never.
 * Rejects with the system's error when it cannot listen.
 */
export const openUpstreamSimulator = async (options: UpstreamSimulatorOptions) => {
  const { host = '127.0.0.1', port = 0, now, random = createSequence(), record = true, defaultScript = null } = options
  const { passwordWindowMs = MINUTE } = options
  const keys = new Map(options.accounts.map(account => [account.apiId, account.apiKey]))
  const book = createScriptBook({ now, random, fallback: defaultScript })
  const journal = createJournal<Call>('call', record)
  const delays = new Set<NodeJS.Timeout>()
  const counts = { calls: 0, inFlight: 0, maxInFlight: 0 }
  let skewMs = 0

  const judgeCall = (parameters: URLSearchParams): Step => {
    const step = book.stepOfAccount(parameters.get('account') ?? '')
    if (step) return step
    const fault = judgeCredentials(parameters, keys, { nowMs: now() + skewMs, windowMs: passwordWindowMs })
    if (fault !== null) return { code: fault }
    const idcardid = parameters.get('idcardid')
    return idcardid ? book.stepOfSerial(idcardid) : { code: 4060 }
  }

  const send = (response: ServerResponse, step: Step): void => {
    if (!response.destroyed) sendStep(response, step, new Date(now() + skewMs).toUTCString())
  }

  const answer = (request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams): void => {
    counts.calls += 1
    counts.inFlight += 1
    counts.maxInFlight = Math.max(counts.maxInFlight, counts.inFlight)
    response.once('close', () => {
      counts.inFlight -= 1
    })
    const step = judgeCall(parameters)
    journal.add(describeCall(parameters, { method: request.method ?? '', at: now(), step }))
    if (!step.delayMs) {
      send(response, step)
      return
    }
    const delay = setTimeout(() => {
      delays.delete(delay)
      send(response, step)
    }, step.delayMs)
    delays.add(delay)
  }

  const callsOf = (idcardid: string): readonly Call[] => journal.entries.filter(call => call.idcardid === idcardid)

  const setClockSkew = (ms: number): void => {
    skewMs = ms
  }

  const reset = (): void => {
    book.clear()
    journal.clear()
    Object.assign(counts, { calls: 0, maxInFlight: counts.inFlight })
    skewMs = 0
  }

  const control = createControl({ ...book, setClockSkew, reset, calls: journal.entries })

  const server = await openServer(
    (request, response) => {
      const path = request.url?.split('?', 1)[0]
      if (path === PATH && (request.method === 'GET' || request.method === 'POST')) {
        readParameters(request, parameters => answer(request, response, parameters))
      } else if (path?.startsWith('/_')) {
        control(request, response)
      } else {
        response.writeHead(path === PATH ? 405 : 404).end()
      }
    },
    { host, port },
  )

  const close = async (): Promise<void> => {
    for (const delay of delays) clearTimeout(delay)
    await server.close()
  }

  return {
    /** Of GetResult.json. */
    url: `${server.origin}${PATH}`,
    origin: server.origin,
    /** What a serial answers from now on; its time and its calls begin anew. */
    script: book.script,
    setDefault: book.setDefault,
    /** What all calls of an account answer; null ends it. */
    account: book.account,
    /** Moves the simulated clock: the Date header, and the clock that `time` is held against. */
    setClockSkew,
    calls: journal.entries,
    callsOf,
    /** `inFlight`: answers not yet sent, those that hang included. */
    counts: counts as Readonly<typeof counts>,
    /** Emits `call`. */
    events: journal.events,
    waitFor: journal.waitFor,
    /** The next call to come, of this serial if one is named. Rejects after 10 s. */
    nextCall: (idcardid?: string): Promise<Call> =>
      journal.next(call => idcardid === undefined || call.idcardid === idcardid),
    /** Back to how it was opened: no scripts, no calls, no skew. */
    reset,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The same numbers at each start (a linear congruential generator): a run with chance in it can be repeated. */
const createSequence = (): (() => number) => {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
