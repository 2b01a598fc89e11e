import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Call, describeCall, readParameters } from './call.ts'
import { createControl } from './control.ts'
import { judgeCredentials } from './credentials.ts'
import { createJournal } from './journal.ts'
import { openServer } from './open-server.ts'
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
  /** False keeps no calls (benchmarks), a number keeps about that many of the last. All are announced and counted. */
  record?: boolean | number
  /** For serials without a script; null: they answer 4061. */
  defaultScript?: DefaultScript
}

/**
 * A GetResult that answers as scripted, over real sockets. It checks credentials as documented, and answers 4061 for an unknown
 * serial. A call is counted and announced when it has arrived; its answer may come later (`delayMs`) or never.
 * Rejects with the system's error when it cannot listen.
 */
export const openUpstreamSimulator = async (options: UpstreamSimulatorOptions) => {
  const { host = '127.0.0.1', port = 0, now, record = true, defaultScript = null } = options
  const keys = new Map(options.accounts.map(account => [account.apiId, account.apiKey]))
  const book = createScriptBook({ now, fallback: defaultScript })
  const journal = createJournal<Call>('call', record)
  const counts = { calls: 0, inFlight: 0, maxInFlight: 0 }
  let skewMs = 0

  const judgeCall = (parameters: URLSearchParams): Step => {
    const step = book.stepOfAccount(parameters.get('account') ?? '')
    if (step) return step
    const fault = judgeCredentials(parameters, keys, now() + skewMs)
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
    server.after(step.delayMs ?? 0, () => send(response, step))
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

  return {
    /** The URL of GetResult.json. */
    url: `${server.origin}${PATH}`,
    origin: server.origin,
    /** What a serial answers from now on; its time and its calls begin anew. */
    script: book.script,
    setDefault: book.setDefault,
    /** What all calls of an account answer; null ends it. */
    account: book.account,
    /** Moves the simulated clock, which sets the Date header and judges `time`. */
    setClockSkew,
    calls: journal.entries,
    callsOf,
    /** `inFlight` counts the calls not yet answered, including those that hang. */
    counts: counts as Readonly<typeof counts>,
    /** Emits `call`. */
    events: journal.events,
    waitFor: journal.waitFor,
    /** The next call, about this serial if one is named. Rejects after 10 s. */
    nextCall: (idcardid?: string): Promise<Call> =>
      journal.next(call => idcardid === undefined || call.idcardid === idcardid),
    /** Returns it to how it was opened: no scripts, no calls, no skew. */
    reset,
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}
