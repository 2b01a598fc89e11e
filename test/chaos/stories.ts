import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { Finding } from './findings.ts'
import type { Act, Poll, Registering, Seen, Webhook } from './seen.ts'

interface WebhookData {
  registrationId: string
  idcardid: string
  status: string | null
  reason: RegistrationAnswer['reason']
  metadata: Record<string, string>
}
export interface Told extends Webhook {
  type: string
  data: WebhookData
}

/** What was seen of one registration. */
export interface Story {
  id: string
  asked: Registering
  /** When the partner knew of it. */
  from: number
  told: readonly Told[]
  acts: readonly Act[]
  /** In the order in which they were answered. */
  shown: readonly { at: number; answeredAt: number; registration: RegistrationAnswer | null }[]
  /** Calls about its serial since it was asked for. */
  polls: readonly Poll[]
}

const readTold = (webhook: Webhook): Told => {
  const { type, data } = JSON.parse(webhook.body) as { type: string; data: WebhookData }
  return { ...webhook, type, data }
}

/** What was seen of each registration that a partner knows of, or that somebody was told about. */
export const storiesOf = (seen: Seen, findings: Finding[]): Story[] => {
  const told = seen.webhooks.map(readTold).filter(({ type }) => type !== 'idface.callback_disabled')
  const toldOf = Map.groupBy(told, ({ data }) => data.registrationId)
  const actsOf = Map.groupBy(seen.acts, ({ id }) => id)
  const shownOf = Map.groupBy(seen.shown, ({ id }) => id)
  const pollsOf = Map.groupBy(seen.polls, ({ serial }) => serial)
  const answered = Map.groupBy(seen.registering, ({ id }) => id)

  const story = (id: string, asked: Registering): Story => ({
    id,
    asked,
    from: asked.answeredAt ?? asked.at,
    told: toldOf.get(id) ?? [],
    acts: actsOf.get(id) ?? [],
    shown: (shownOf.get(id) ?? []).flatMap(({ at, answeredAt, registration }) =>
      answeredAt === null ? [] : [{ at, answeredAt, registration }],
    ),
    polls: (pollsOf.get(asked.serial) ?? []).filter(({ heardAt }) => heardAt === null || heardAt >= asked.at),
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
