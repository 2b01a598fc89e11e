import { hash } from 'node:crypto'
import { attemptOf } from '../callback/outcome.ts'
import type { Sender } from '../callback/sender.ts'
import { hostOf } from '../core/callback-url.ts'
import { MINUTE } from '../core/duration.ts'
import { publicErrorOf, withPublicError } from '../core/message.ts'
import { type Contact, operatorChannelOf } from '../core/operator-channel.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import { isoTime, SHOW_TIME } from '../core/show-time.ts'
import type { Attempt } from '../store/messages/message.ts'
import type { CallbackReport, ClaimedContact } from '../store/partners/contacts.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { DIALECTS, rendered } from './channel.ts'
import type { ChannelReply } from './dialect.ts'
import { type Notice, type NoticeItem, testItem } from './notice.ts'
import { cutTo } from './plain-text.ts'

/** Delay before a contact that does not take a message gets it again. */
const RETRY_MS = 10 * MINUTE
/** Maximum number of URLs that a text names, and that a webhook lists. */
const NAMED = 3
const LISTED = 50

/** Returns one item for all news of a kind. */
const itemOf = (news: readonly [CallbackReport, ...CallbackReport[]], language: Contact['language']): NoticeItem => {
  const [{ isOver, heldSince, callbackUrl: subject }] = news
  const { states, titles, contact: words } = CATALOGUES[language]
  const type = heldSince === null ? 'callback.failing' : 'callback.disabled'
  const state = isOver ? 'resolved' : 'firing'
  const count = news.length
  const inBrackets = (text: string | number) => (language === 'zh' ? `（${text}）` : ` (${text})`)
  // A query may be a secret, and many people read a chat.
  const named = news.slice(0, NAMED).map(({ callbackUrl, since, lastError }) => {
    const error = lastError === '' ? '' : `${publicErrorOf(lastError)}${language === 'zh' ? '，' : ', '}`
    return `${cutTo(callbackUrl.replace(/\?.*/, '?…'), 200)}${inBrackets(`${error}${words.since(SHOW_TIME[language](since))}`)}`
  })
  const urls = `${named.join(' · ')}${count > NAMED ? words.others(count - NAMED) : ''}`
  const callbacks = news.slice(0, LISTED).map(({ callbackUrl, since, lastError }) => ({
    ...{ callbackUrl, since: isoTime(since), lastError: publicErrorOf(lastError) || null },
  }))
  return {
    ...{ type, subject, state, count, since: Math.min(...news.map(({ since }) => since)), details: { callbacks } },
    headline: `${states[state]}${titles[type]}${count > 1 ? inBrackets(count) : ''}`,
    ...(isOver ? { sentence: words.over(urls), remedy: '' } : words[type](urls)),
  }
}

/** Notifies partners in the channels' formats, but through the guard of callbacks: a stranger chose the URL. */
export const createContacts = (deps: {
  store: Pick<Store, 'now' | 'findPartner' | 'liveSecrets' | 'findContact' | 'settleContact'>
  sender: Pick<Sender, 'send'>
  emit: Emit<'callback_notice.attempted'>
}) => {
  const { store, sender, emit } = deps

  const post = async (
    partnerId: string,
    { url: text, secret, language }: Contact,
    message: Pick<Notice, 'id' | 'items'>,
  ) => {
    const url = new URL(text)
    const channel = operatorChannelOf(url)
    const at = store.now()
    const own = channel === 'webhook' ? (await store.liveSecrets(partnerId)).map(one => one.reveal()) : []
    const source = (await store.findPartner(partnerId))?.name ?? partnerId
    const notice = { ...message, at, language, source }
    const { path, headers, body } = rendered(DIALECTS[channel], url, notice, secret === null ? own : [secret])
    const result = await sender.send({ partnerId, url: url.origin + path, headers, body })
    const attempt = withPublicError(attemptOf(result, at))
    if (result.kind === 'failed') {
      const answer: ChannelReply = { kind: 'later', code: attempt.error ?? 'no_response', detail: '', waitMs: null }
      return { answer, attempt }
    }
    const { httpStatus: status, retryAfter, excerpt } = result
    const answer = DIALECTS[channel].judge({ status, waitMs: readRetryAfter(retryAfter, at), text: excerpt ?? '' })
    if (answer.kind === 'told' || channel === 'webhook') return { answer, attempt }
    // A robot's response may repeat the path, which holds the key.
    const judged = { outcome: 'rejected', error: answer.code, responseExcerpt: answer.detail } as const
    return { answer, attempt: { ...attempt, ...judged } }
  }

  return {
    /** Sends the news as one message and records the result. */
    notify: async ({ partnerId, lease, news, ...contact }: ClaimedContact): Promise<void> => {
      const { maxAlerts: limit, gapMs } = DIALECTS[operatorChannelOf(new URL(contact.url))]
      const kinds = [...Map.groupBy(news, one => `${one.isOver} ${one.heldSince === null}`).values()].slice(0, limit)
      const reports = kinds.flat()
      const id = `msg_${hash('sha256', JSON.stringify([partnerId, reports]))
        .slice(0, 26)
        .toUpperCase()}`
      const items = kinds.map(kind => itemOf(kind as [CallbackReport], contact.language))
      const { answer, attempt } = await post(partnerId, contact, { id, items })
      const { outcome, httpStatus, error, durationMs } = attempt
      emit('callback_notice.attempted', {
        ...{ messageId: id, partnerId, host: hostOf(reports[0]?.callbackUrl ?? ''), toHost: hostOf(contact.url) },
        ...{ outcome, httpStatus, error, detail: null, durationMs },
      })
      // A refused text would be refused again, and block all later ones.
      const isDone = answer.kind === 'told' || (answer.kind === 'refused' && answer.problem === 'content')
      const dueAt = store.now() + (isDone ? Math.ceil(gapMs) : RETRY_MS)
      await store.settleContact({ partnerId, lease, reports: isDone ? reports : [], dueAt })
    },

    /** Sends a test now. Returns its attempt, or null if the partner has no contact. */
    test: async (partnerId: string, id: string): Promise<Attempt | null> => {
      const contact = await store.findContact(partnerId)
      if (contact === null) return null
      const { runbook: _none, ...item } = testItem({ ...contact, consoleUrl: null }, partnerId, store.now())
      const { attempt } = await post(partnerId, contact, { id, items: [{ ...item, type: 'contact.test' }] })
      return attempt
    },
  }
}
