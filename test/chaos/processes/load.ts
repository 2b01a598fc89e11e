import { setTimeout as sleep } from 'node:timers/promises'
import type { Scene } from './scene.ts'

const AT_ONCE = 8
const PAUSE_MS = 200

/** Partners who register one serial after another, look, cancel and resend now and then, until they are told to stop. */
export const load = ({ clients, urls, draw }: Scene) => {
  let isOver = false
  let serials = 0
  const live = async (): Promise<void> => {
    while (!isOver) {
      // GetResult can be asked about all of them within its rate.
      await sleep(draw.below(PAUSE_MS))
      const serial = `${++serials}${draw.below(10)}`
      const client = draw.oneOf(clients)
      const id = await client.register(serial, draw.oneOf(urls), null)
      if (id === null) continue
      if (draw.chance(0.1)) await client.register(serial, draw.oneOf(urls), null)
      if (draw.chance(0.2)) await client.show(id)
      if (draw.chance(0.03)) await client.act('cancel', id)
      else if (draw.chance(0.05)) await client.act('resend', id)
    }
  }
  const readEvents = async (client: (typeof clients)[number]): Promise<void> => {
    while (!isOver) {
      await client.readEvents()
      await sleep(draw.below(500))
    }
  }
  const running = Promise.all([...Array.from({ length: AT_ONCE }, live), ...clients.map(readEvents)])
  return {
    stop: async () => {
      isOver = true
      await running
    },
  }
}
