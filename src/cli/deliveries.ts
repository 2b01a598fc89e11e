import type { Language } from '../config/setting.ts'
import { type ReasonOption, recordCommand } from './audit.ts'
import { type JsonOption, print, withStore } from './environment.ts'
import { formatTime } from './format.ts'
import { languageOf } from './language.ts'

type Options = JsonOption & ReasonOption & { lang?: Language }

const TEXTS = {
  en: {
    held: (since: string) =>
      `Deliveries are held since ${since}: GetResult is asked, and no webhook goes out, until you run: deliveries resume`,
    resumed: (since: string) => `Deliveries go on; they were held since ${since}.`,
    notHeld: 'Deliveries were not held.',
  },
  zh: {
    held: (since: string) => `自 ${since} 起暂停发送通知：仍会查询 GetResult，但不发送，直到运行：deliveries resume`,
    resumed: (since: string) => `已恢复发送通知；此前自 ${since} 起暂停。`,
    notHeld: '发送通知并未暂停。',
  },
} as const

/** Works beside a service, which claims no message any more from then on. */
export const holdDeliveries = ({ json, lang = languageOf(process.env), ...why }: Options): Promise<void> =>
  withStore(async store => {
    await store.holdDeliveries()
    await recordCommand(store, { act: 'deliveries.hold', ...why })
    const heldAt = (await store.deliveriesHeldAt()) ?? store.now()
    print(json ? JSON.stringify({ heldSince: new Date(heldAt).toISOString() }) : TEXTS[lang].held(formatTime(heldAt)))
  })

/** Works beside a service, which begins within a second. */
export const resumeDeliveries = ({ json, lang = languageOf(process.env), ...why }: Options): Promise<void> =>
  withStore(async store => {
    const heldAt = await store.deliveriesHeldAt()
    await store.resumeDeliveries()
    await recordCommand(store, { act: 'deliveries.resume', ...why })
    if (json) return print(JSON.stringify({ heldSince: null }))
    print(heldAt === null ? TEXTS[lang].notHeld : TEXTS[lang].resumed(formatTime(heldAt)))
  })
