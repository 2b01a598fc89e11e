import { hash } from 'node:crypto'
import { isOurFailure } from '../callback/failure.ts'
import { attemptOf } from '../callback/outcome.ts'
import type { Sender } from '../callback/sender.ts'
import { hostOf } from '../core/callback-url.ts'
import { MINUTE } from '../core/duration.ts'
import { asTold, toldOf } from '../core/message.ts'
import { type Contact, operatorChannelOf } from '../core/operator-channel.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import { isoTime, SHOW_TIME } from '../core/show-time.ts'
import type { Attempt } from '../store/messages/message.ts'
import type { CallbackNews, ClaimedContact } from '../store/partners/contacts.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { DIALECTS, rendered } from './channel.ts'
import { afterFailure, fullHourWait } from './channel-health.ts'
import type { Answer } from './dialect.ts'
import { type Notice, type NoticeItem, testItem } from './notice.ts'
import { cutTo } from './plain-text.ts'

/** URLs that a text names, and bytes of each; URLs that a webhook lists. */
const NAMED = 3
const NAMED_BYTES = 200
const LISTED = 50

type News = readonly [CallbackNews, ...CallbackNews[]]

/** News by kind, each in one message however many URLs there are. */
const kindsOf = (news: readonly CallbackNews[]): News[] =>
  [...Map.groupBy(news, ({ isOver, heldSince }) => `${isOver} ${heldSince === null}`).values()] as unknown as News[]

const itemOf = (news: News, language: Contact['language']): NoticeItem => {
  const [{ isOver, heldSince, callbackUrl: subject }] = news
  const { states, titles, contact: words } = CATALOGUES[language]
  const [type, state] = [
    heldSince === null ? 'callback.failing' : 'callback.disabled',
    isOver ? 'resolved' : 'firing',
  ] as const
  const count = news.length
  // A query may be a secret, and many people read a chat.
  const named = news.slice(0, NAMED).map(({ callbackUrl, since, lastError }) => {
    const facts = [toldOf(lastError), SHOW_TIME[language](since)].filter(text => text !== '')
    return `${cutTo(callbackUrl.replace(/\?.*/, '?…'), NAMED_BYTES)} (${facts.join(', ')})`
  })
  const urls = `${named.join(' · ')}${count > NAMED ? words.others(count - NAMED) : ''}`
  return {
    ...{ type, subject, state, count, since: Math.min(...news.map(({ since }) => since)) },
    headline: `${states[state]}: ${titles[type]}${count > 1 ? ` (${count})` : ''}`,
    ...(isOver ? { sentence: words.over(urls), remedy: '' } : words[type](urls)),
    details: {
      callbacks: news.slice(0, LISTED).map(({ callbackUrl, since, lastError }) => {
        return { callbackUrl, since: isoTime(since), lastError: toldOf(lastError) || null }
      }),
    },
  }
}

/**
 * Tells partners, in the words of operators' channels, but past the guard of callbacks: a stranger has chosen the URL. `random` is in
 * [0, 1).
 */
export const createContacts = (deps: {
  store: Pick<Store, 'now' | 'findPartner' | 'liveSecrets' | 'findContact' | 'putContact' | 'settleContact'>
  sender: Pick<Sender, 'send'>
  random: () => number
  emit: Emit<'callback_notice.attempted'>
}) => {
  const { store, sender, random, emit } = deps

  const post = async (partnerId: string, contact: Contact, { id, items }: Pick<Notice, 'id' | 'items'>) => {
    const { url: text, secret, language } = contact
    const url = new URL(text)
    const channel = operatorChannelOf(url)
    const at = store.now()
    const partners = channel === 'webhook' ? (await store.liveSecrets(partnerId)).map(one => one.reveal()) : []
    const source = (await store.findPartner(partnerId))?.name ?? partnerId
    const notice = { id, at, language, source, items }
    const { path, headers, body } = rendered(DIALECTS[channel], url, notice, secret === null ? partners : [secret])
    const result = await sender.send({ partnerId, url: url.origin + path, headers, body })
    const attempt = asTold(attemptOf(result, at))
    const { error, durationMs, httpStatus, responseExcerpt } = attempt
    const answer: Answer =
      result.kind === 'failed'
        ? { kind: 'later', code: error ?? 'no_response', said: '', waitMs: null }
        : DIALECTS[channel].judge({
            status: result.httpStatus,
            waitMs: readRetryAfter(result.retryAfter, at),
            text: responseExcerpt ?? '',
          })
    // A robot's answer is in its body, which may repeat the path with the key.
    const judged: Attempt =
      answer.kind === 'told'
        ? { ...attempt, outcome: 'delivered' }
        : channel === 'webhook' || httpStatus === null
          ? attempt
          : { ...attempt, outcome: 'rejected', error: answer.code, responseExcerpt: answer.said }
    return { answer, attempt: judged, isOurs: result.kind === 'failed' && isOurFailure(result.error), durationMs }
  }

  return {
    /** Sends what is new as one message, and records what came of it. */
    tell: async ({ partnerId, lease, news, health, toldAt, ...contact }: ClaimedContact): Promise<void> => {
      const { most, gapMs, avoidsFullHours } = DIALECTS[operatorChannelOf(new URL(contact.url))]
      const settle = (dueAt: number, more: Partial<Parameters<Store['settleContact']>[0]> = {}) =>
        store.settleContact({ partnerId, lease, health, toldAt, dueAt, told: [], ...more })
      const busyMs = avoidsFullHours ? fullHourWait(store.now(), random()) : 0
      if (busyMs > 0) return settle(store.now() + busyMs)
      const kinds = kindsOf(news).slice(0, most)
      const told = kinds.flat()
      const id = `msg_${hash('sha256', JSON.stringify([partnerId, told]))
        .slice(0, 26)
        .toUpperCase()}`
      const items = kinds.map(kind => itemOf(kind, contact.language))
      const { answer, attempt, isOurs } = await post(partnerId, contact, { id, items })
      const host = hostOf(told[0]?.callbackUrl ?? '')
      const { outcome, httpStatus, error, durationMs } = attempt
      const tried = { outcome, httpStatus, error, detail: null, durationMs, attempt: (health?.failures ?? 0) + 1 }
      emit('callback_notice.attempted', { messageId: id, partnerId, host, toHost: hostOf(contact.url), ...tried })
      const at = store.now()
      if (isOurs) return settle(at + MINUTE)
      if (answer.kind === 'told') return settle(at + Math.ceil(gapMs), { health: null, toldAt: at, told })
      const after = afterFailure(health, answer, { at, random: random() })
      // A text that is refused would be refused again, and keep all that comes after it.
      const dropped = answer.kind === 'refused' && answer.problem === 'content' ? told : []
      return settle(after.retryAt, { health: after.health, told: dropped })
    },

    /** Sends a test now; null: the partner has no contact. One that is taken ends what was held against the contact. */
    test: async (partnerId: string, id: string): Promise<Attempt | null> => {
      const stored = await store.findContact(partnerId)
      if (stored === null) return null
      const { health, toldAt: _, ...contact } = stored
      const { runbook: _none, ...item } = testItem(contact.language, partnerId, store.now())
      const { attempt } = await post(partnerId, contact, { id, items: [{ ...item, type: 'contact.test' }] })
      if (attempt.outcome === 'delivered' && health !== null) await store.putContact(partnerId, contact)
      return attempt
    },
  }
}
