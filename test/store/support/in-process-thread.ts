import { EventEmitter, once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import type { Calls } from '../../../src/store/sqlite/thread/protocol.ts'
import { serve } from '../../../src/store/sqlite/thread/serve.ts'

/** Whether this is what `openThread` starts its threads with. */
export const isOfStore = (options: unknown): boolean =>
  ['store', 'read'].includes((options as { name?: string } | undefined)?.name ?? '')

/**
 * In place of a Worker of `openThread`: all that crosses to a thread and back is packed, copied and unpacked as it would be,
 * without the third of a second in which a real thread loads its code.
 */
export class InProcessThread extends EventEmitter {
  readonly #channel = new MessageChannel()

  constructor() {
    super()
    const { port1: here, port2: there } = this.#channel
    here.on('message', message => this.emit('message', message))
    here.on('messageerror', error => this.emit('messageerror', error))
    here.on('close', () => this.emit('exit', 0))
    serve(there)
  }

  postMessage(message: unknown): void {
    this.#channel.port1.postMessage(message)
  }

  async terminate(): Promise<void> {
    this.postMessage({ now: 0, calls: [{ id: -1, verb: 'close', args: [] }] } satisfies Calls)
    await once(this, 'exit')
  }
}
