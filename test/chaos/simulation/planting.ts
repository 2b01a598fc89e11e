import type { Outgoing, SendResult } from '../../../src/callback/sender.ts'
import type { Answer } from '../../../src/core/answer.ts'
import type { Store } from '../../../src/store/store.ts'
import type { World } from './process.ts'

/** Ways to plant a bug into a service: each changes one of its surroundings. */
export const inStore =
  (tamper: (store: Store, world: World) => Partial<Store>) =>
  (world: World): World => ({ ...world, tamper: store => ({ ...store, ...tamper(store, world) }) })
export const inSender =
  (change: (outgoing: Outgoing) => Outgoing) =>
  (world: World): World => ({
    ...world,
    sender: { send: outgoing => world.sender.send(change(outgoing)) },
  })
export const inUpstream =
  (ask: (answer: Answer, world: World, again: () => Promise<Answer>) => Answer | Promise<Answer>) =>
  (world: World): World => ({
    ...world,
    upstream: {
      ask: async (...args) => {
        const again = () => world.upstream.ask(...args)
        return ask(await again(), world, again)
      },
    },
  })
export const inAnswers =
  (change: (answered: Answered) => Answered) =>
  (world: World): World => ({
    ...world,
    sender: {
      send: async outgoing => {
        const result = await world.sender.send(outgoing)
        return result.kind === 'answered' ? change(result) : result
      },
    },
  })
type Answered = Extract<SendResult, { kind: 'answered' }>
