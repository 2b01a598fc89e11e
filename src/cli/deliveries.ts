import { type JsonOption, print, withStore } from './environment.ts'
import { formatTime } from './format.ts'

/** Works beside a service, which begins or ends within a second. */
export const holdDeliveries = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    await store.holdDeliveries()
    const heldAt = (await store.deliveriesHeldAt()) ?? store.now()
    if (json) return print(JSON.stringify({ heldSince: new Date(heldAt).toISOString() }))
    print(
      `Deliveries are held since ${formatTime(heldAt)}: GetResult is asked, and no webhook goes out, until: deliveries resume`,
    )
  })

export const resumeDeliveries = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const heldAt = await store.deliveriesHeldAt()
    await store.resumeDeliveries()
    if (json) return print(JSON.stringify({ heldSince: null }))
    print(
      heldAt === null ? 'Deliveries were not held.' : `Deliveries go on; they were held since ${formatTime(heldAt)}.`,
    )
  })
