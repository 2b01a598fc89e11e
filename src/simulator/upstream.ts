import type { IncomingMessage, ServerResponse } from 'node:http'
import { SECOND } from '../core/duration.ts'
import { sendStep } from './answer.ts'
import { createControl } from './control.ts'
import { judgeCredentials, type PasswordMode, readPasswordMode } from './credentials.ts'
import { createJournal } from './journal.ts'
import { openServer } from './open-server.ts'
import { type AccountScript, judgeStep, type Script, type Step } from './script.ts'

const PATH = '/idcard/idface/GetResult.json'
const FORM = 'application/x-www-form-urlencoded'
const MAX_BODY_BYTES = 64 * 1024

/** One GetResult call, as the simulator received it. The password is not kept. */
export interface GetResultCall {
  idcardid: string | null
  apiId: string | null
  method: string
  /** When its last byte arrived, epoch ms on the clock of `now`. */
  at: number
  /** Null if there was no password. */
  passwordMode: PasswordMode | null
  /** The parameter as received. */
  time: string | null
  /** The code of the answer; null if it has none (HTML, a reset, …). */
  code: number | null
  /** The answer in short: `2 ING`, `4061`, `http 503`, `reset`. */
  answer: string
}

export interface UpstreamSimulatorOptions {
  host?: string
  port?: number
  accounts: readonly { apiId: string; apiKey: string }[]
  /** Epoch ms. */
  now: () => number
  /** Keeps at least this many of the last calls, and fewer than twice as many; all by default. */
  keepCalls?: number
  /** Returns the script of a serial that has none; null, the default for all: it answers 4061. */
  defaultScript?: (idcardid: string) => Script | null
}

/**
 * A GetResult that answers as scripted, over real sockets. It checks credentials as documented, and answers 4061 for an
 * unknown serial. It emits a call on arrival; the answer may follow later (`delayMs`) or never.
 * Rejects with the system's error if it cannot listen.
 */
export const openUpstreamSimulator = async (options: UpstreamSimulatorOptions) => {
  const { host = '127.0.0.1', port = 0, now, keepCalls, defaultScript = () => null } = options
  const keys = new Map(options.accounts.map(account => [account.apiId, account.apiKey]))
  const serials = new Map<string, { script: Script; sinceMs: number; calls: number; isTold: boolean }>()
  const accounts = new Map<string, AccountScript & { left: number; passed: number[] }>()
  const journal = createJournal<GetResultCall>('call', keepCalls)

  const script = (idcardid: string, script: Script): void => {
    serials.set(idcardid, { script, sinceMs: now(), calls: 0, isTold: false })
  }
  const account = (apiId: string, script: AccountScript | null): void => {
    if (script) accounts.set(apiId, { ...script, left: script.times ?? Number.POSITIVE_INFINITY, passed: [] })
    else accounts.delete(apiId)
  }

  const stepOfAccount = (apiId: string): Step | null => {
    const scripted = accounts.get(apiId)
    if (!scripted || scripted.left < 1) return null
    scripted.passed = scripted.passed.filter(at => now() - at < SECOND)
    if (scripted.passed.length < (scripted.above ?? 0)) {
      scripted.passed.push(now())
      return null
    }
    scripted.left -= 1
    return scripted
  }
  const stepOfSerial = (idcardid: string): Step => {
    const known = serials.has(idcardid) ? null : defaultScript(idcardid)
    if (known) script(idcardid, known)
    const scripted = serials.get(idcardid)
    if (!scripted || (scripted.script.once && scripted.isTold)) return { code: 4061 }
    const step = judgeStep(scripted.script, scripted.calls++, now() - scripted.sinceMs)
    scripted.isTold ||= /^2 (SUCCESS|FAIL)$/.test(describeAnswer(step).answer)
    return step
  }
  const judgeCall = (parameters: URLSearchParams): Step => {
    const step = stepOfAccount(parameters.get('account') ?? '')
    if (step) return step
    const fault = judgeCredentials(parameters, keys, now())
    if (fault !== null) return { code: fault }
    const idcardid = parameters.get('idcardid')
    return idcardid ? stepOfSerial(idcardid) : { code: 4060 }
  }

  const answer = (request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams): void => {
    const step = judgeCall(parameters)
    journal.add({
      idcardid: parameters.get('idcardid'),
      apiId: parameters.get('account'),
      method: request.method ?? '',
      at: now(),
      passwordMode: parameters.get('password') ? readPasswordMode(parameters) : null,
      time: parameters.get('time'),
      ...describeAnswer(step),
    })
    const send = (): void => {
      if (!response.destroyed) sendStep(response, step, new Date(now()).toUTCString())
    }
    if (step.delayMs) setTimeout(send, step.delayMs).unref()
    else send()
  }

  const control = createControl({ script, account, calls: journal.entries })
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
    /** Scripts a serial from now on; its time and its calls begin anew. */
    script,
    /** Scripts all calls of an account; null ends it. */
    account,
    calls: journal.entries,
    callsOf: (idcardid: string): readonly GetResultCall[] => journal.entries.filter(call => call.idcardid === idcardid),
    /** Emits `call`. */
    events: journal.events,
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}

const describeAnswer = ({ fault, http, body, code, status }: Step): Pick<GetResultCall, 'code' | 'answer'> => {
  if (fault) return { code: null, answer: fault }
  if (http !== undefined) return { code: code ?? null, answer: `http ${http}` }
  if (body !== undefined) return { code: null, answer: 'body' }
  const told = code ?? 2
  return { code: told, answer: told === 2 ? `2 ${status ?? 'SUCCESS'}` : String(told) }
}

/**
 * Reads the parameters of a call: the query of a GET, the form of a POST (no other content type carries any). Never
 * calls `done` for a body over 64 KiB, or one that breaks off.
 */
const readParameters = (request: IncomingMessage, done: (parameters: URLSearchParams) => void): void => {
  if (request.method === 'GET') {
    done(new URL(request.url ?? '', 'http://simulator').searchParams)
    return
  }
  const isForm = request.headers['content-type']?.toLowerCase().startsWith(FORM) ?? false
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    text += chunk
    if (text.length > MAX_BODY_BYTES) request.destroy()
  })
  request.on('end', () => done(new URLSearchParams(isForm ? text : '')))
}
