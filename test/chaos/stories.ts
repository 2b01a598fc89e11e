import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { Finding } from './findings.ts'
import { isOk } from './judged.ts'
import type { Act, Metadata, Poll, Registering, Seen, Shown, Webhook } from './seen.ts'

interface WebhookData {
  registrationId: string
  idcardid: string
  status: string | null
  reason: RegistrationAnswer['reason']
  /** Left out where its partner wants it thin. */
  message?: string | null
  livingScore?: string | null
  similarity?: string | null
  metadata: Metadata
}
export interface Told extends Webhook {
  type: string
  data: WebhookData
}

/** All observations of one registration. */
export interface Story {
  id: string
  asked: Registering
  /** When the partner knew of it. */
  from: number
  told: readonly Told[]
  acts: readonly Act[]
  /** In the order of their answers. */
  shown: readonly Shown[]
  /** Calls about its serial, also before it was registered. */
  polls: readonly Poll[]
  /** Calls that registered the same serial and URL. */
  pair: readonly Registering[]
  /** Those of `pair` that may have made it: later calls return it unchanged. */
  made: readonly Registering[]
}

const readTold = (webhook: Webhook): Told => {
  const { type, data } = JSON.parse(webhook.body) as { type: string; data: WebhookData }
  return { ...webhook, type, data }
}

/** Of a partner, a serial and a URL. */
export const pairKey = ({ partner, serial, url }: Registering): string => `${partner} ${serial} ${url}`

/** Returns the story of each registration that a partner knows of, or that had a webhook. */
export const storiesOf = (seen: Seen, findings: Finding[]): Story[] => {
  const told = seen.webhooks.map(readTold)
  const toldOf = Map.groupBy(told, ({ data }) => data.registrationId)
  const actsOf = Map.groupBy(seen.acts, ({ id }) => id)
  const shownOf = Map.groupBy(seen.shown, ({ id }) => id)
  const pollsOf = Map.groupBy(seen.polls, ({ serial }) => serial)
  const answered = Map.groupBy(seen.registering, ({ id }) => id)
  const pairOf = Map.groupBy(seen.registering, pairKey)

  /** A bulk resend may include any webhook that had failed by then: it is not known whether it was given up. */
  const resentWithOthers = (id: string, { partner }: Registering): Act[] =>
    seen.bulkResends.flatMap(bulk => {
      const until = bulk.answeredAt ?? seen.endedAt
      const mayBe = bulk.partner === partner && toldOf.get(id)?.some(({ at, status }) => at <= until && !isOk(status))
      return mayBe ? [{ ...bulk, what: 'resend', id, isUnsure: true }] : []
    })

  const story = (id: string, asked: Registering): Story => ({
    id,
    asked,
    from: asked.answeredAt ?? asked.at,
    told: toldOf.get(id) ?? [],
    acts: [...(actsOf.get(id) ?? []), ...resentWithOthers(id, asked)],
    shown: shownOf.get(id) ?? [],
    polls: pollsOf.get(asked.serial) ?? [],
    pair: pairOf.get(pairKey(asked)) ?? [],
    made: (pairOf.get(pairKey(asked)) ?? []).filter(
      one => (one.id ?? id) === id && one.at <= (asked.answeredAt ?? Number.POSITIVE_INFINITY),
    ),
  })
  const stories: Story[] = []
  for (const [id, [asked]] of answered) if (id !== null && asked) stories.push(story(id, asked))
  for (const [id, [first]] of toldOf) {
    if (answered.has(id) || !first) continue
    const unsure = seen.registering.find(
      one => one.id === null && one.serial === first.data.idcardid && one.url === first.url && one.at <= first.at,
    )
    if (unsure) stories.push(story(id, unsure))
    else findings.push({ broken: 'told to the wrong one', what: `${id} at ${first.url}: nobody has asked for it` })
  }
  return stories
}
