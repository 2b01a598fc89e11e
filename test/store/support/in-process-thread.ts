import { EventEmitter } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { openReadOnlyStore } from '../../../src/store/sqlite/read-only.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { packError } from '../../../src/store/sqlite/thread/errors.ts'
import type { Opened, Opening, Step } from '../../../src/store/sqlite/thread/protocol.ts'
import { type Served, serve } from '../../../src/store/sqlite/thread/serve.ts'

interface Options {
  name: 'store' | 'read'
  workerData: Opening
}

/** Whether this is what `openRemoteStore` starts its threads with. */
export const isOfStore = (options: unknown): options is Options =>
  ['store', 'read'].includes((options as { name?: string } | undefined)?.name ?? '')

/**
 * In place of a Worker of `openRemoteStore`: all that crosses to a thread and back is packed, copied and unpacked as it would be,
 * without the third of a second in which a real thread loads its code.
 */
export class InProcessThread extends EventEmitter {
  readonly #channel = new MessageChannel()
  #served: Served | null = null

  constructor({ name, workerData }: Options) {
    super()
    const { port1: here, port2: there } = this.#channel
    here.on('message', message => this.emit('message', message))
    here.on('messageerror', error => this.emit('messageerror', error))
    here.on('close', () => this.emit('exit', 0))
    const { masterKey, previousKey, now: openedAt, ...options } = structuredClone(workerData)
    let now = openedAt
    const all = {
      ...options,
      masterKey: Buffer.from(masterKey),
      previousKey: previousKey && Buffer.from(previousKey),
      now: () => now,
      onStep: (step: Step['step']) => there.postMessage({ step } satisfies Step),
    }
    const setNow = (at: number) => {
      now = at
    }
    const open = async (): Promise<Served> => (name === 'read' ? openReadOnlyStore(all) : openSqliteStore(all))
    open().then(
      served => {
        this.#served = served
        serve(served, { port: there, setNow })
      },
      error => {
        there.postMessage({ ok: false, error: packError(error) } satisfies Opened)
        there.close()
      },
    )
  }

  postMessage(message: unknown): void {
    this.#channel.port1.postMessage(message)
  }

  async terminate(): Promise<void> {
    await this.#served?.close()
    this.#channel.port2.close()
  }
}
