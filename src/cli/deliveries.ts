import { audited } from './audit.ts'
import { print, withStore } from './environment.ts'
import type { Common } from './frame/command.ts'
import { formatTime } from './frame/output.ts'
import { callOf } from './frame/program.ts'

const TEXTS = {
  en: {
    held: (since: string, call: string) =>
      `Deliveries are held since ${since}: GetResult is asked, and no webhook goes out, until you run: ${call} deliveries resume`,
    resumed: (since: string) => `Deliveries go on; they were held since ${since}.`,
    notHeld: 'Deliveries were not held.',
  },
  zh: {
    held: (since: string, call: string) =>
      `自${since} 起暂停投递回调：仍会查询 GetResult，但不投递，直到运行：${call} deliveries resume`,
    resumed: (since: string) => `已恢复投递回调；此前自${since} 起暂停。`,
    notHeld: '投递并未暂停。',
  },
} as const

/** Works beside a service, which claims no message any more from then on. */
export const holdDeliveries = ({ json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    await audited(store, { act: 'deliveries.hold', reason }, store.holdDeliveries)
    const heldAt = (await store.deliveriesHeldAt()) ?? store.now()
    const since = new Date(heldAt).toISOString()
    print(json ? JSON.stringify({ heldSince: since }) : TEXTS[lang].held(formatTime(heldAt, lang), callOf(process.env)))
  })

/** Works beside a service, which begins within a second. */
export const resumeDeliveries = ({ json, lang, reason }: Common): Promise<void> =>
  withStore(lang, async store => {
    const heldAt = await store.deliveriesHeldAt()
    await audited(store, { act: 'deliveries.resume', reason }, store.resumeDeliveries)
    if (json) return print(JSON.stringify({ heldSince: null }))
    const texts = TEXTS[lang]
    print(heldAt === null ? texts.notHeld : texts.resumed(formatTime(heldAt, lang)))
  })
