import { atLeast, type Catalogue, showPartner } from './catalogue.ts'
import { showError } from './overview.ts'

/** Texts about webhooks that are given up, or resent and not delivered yet. */
interface GivenUpTexts {
  troubles: Pick<Catalogue['troubles'], 'messages_exhausted' | 'messages_resent'>
  own: Pick<Catalogue['own'], 'message.exhausted'>
}

const RETRIED_EN = 'They are retried, or held while their URL is; what fails to the end is given up again.'
export const GIVEN_UP_EN: GivenUpTexts = {
  troubles: {
    messages_exhausted: ({ count, isCapped }) => ({
      sentence: `${count === 1 ? '1 webhook was' : `${atLeast(count, isCapped)} webhooks were`} given up in the last day: ${count === 1 ? 'its partner has' : 'their partners have'} not been notified.`,
      remedy:
        'Tell the partners; when a receiver works again, resend its webhooks, or let the partner do so (POST /v1/resend).',
      commands: [
        '"idface-notifier registration list --delivery exhausted" shows whose they are, and "idface-notifier resend --partner PARTNER --since 7d" sends them.',
      ],
    }),
    messages_resent: ({ count, isCapped, isAll }) => ({
      sentence: `${isAll ? 'No webhook is given up now; resent' : 'Resent'} and not delivered yet: ${atLeast(count, isCapped)}.`,
      remedy: RETRIED_EN,
    }),
  },
  own: {
    'message.exhausted': (
      { host, error, left, leftIsCapped, resent = 0, resentIsCapped, ...whose },
      { count, since, state, showTime },
    ) => {
      const prefix = `Webhooks of partner ${showPartner(whose)} that were given up since ${showTime(since)}`
      if (state === 'resolved')
        return { sentence: `${prefix}: none is left. They were delivered after all, or cancelled.`, remedy: '' }
      const again = atLeast(resent, resentIsCapped)
      if (left === 0 && !leftIsCapped)
        return { sentence: `${prefix}: all are resent, ${again} not delivered yet.`, remedy: RETRIED_EN }
      const scheduled = resent > 0 ? `, and ${again} more are resent` : ''
      const number = left === undefined ? count : `${atLeast(left, leftIsCapped)} are not delivered${scheduled}`
      return {
        sentence: `${prefix}: ${number}. The last one was for ${host} (${showError(error, 'en')}).`,
        remedy: `Tell the partner, who has not received these results. When the receiver works again, resend them, or let the partner do so (POST /v1/resend).`,
        commands: [`"idface-notifier resend --partner ${whose.partnerId} --since 7d" sends them.`],
      }
    },
  },
}

const RETRIED_ZH = '服务会自动重试；地址暂停投递的，恢复后再投递。最终仍失败的会再次放弃投递。'
export const GIVEN_UP_ZH: GivenUpTexts = {
  troubles: {
    messages_exhausted: ({ count, isCapped }) => ({
      sentence: `最近一天有 ${atLeast(count, isCapped)} 个回调放弃投递，合作方尚未收到这些结果。`,
      remedy: '请告知相关合作方；待接收端恢复后，重新投递这些回调，或由合作方自行重发（POST /v1/resend）。',
      commands: [
        '用 "idface-notifier registration list --delivery exhausted" 查看属于哪些合作方，用 "idface-notifier resend --partner PARTNER --since 7d" 重新投递。',
      ],
    }),
    messages_resent: ({ count, isCapped, isAll }) => ({
      sentence: `${isAll ? '现在没有放弃投递的回调，' : ''}已重发的回调中有 ${atLeast(count, isCapped)} 个尚未送达。`,
      remedy: RETRIED_ZH,
    }),
  },
  own: {
    'message.exhausted': (
      { host, error, left, leftIsCapped, resent = 0, resentIsCapped, ...whose },
      { count, since, state, showTime },
    ) => {
      const prefix = `合作方 ${showPartner(whose)} 自${showTime(since)} 起放弃投递的回调`
      if (state === 'resolved') return { sentence: `${prefix}已全部送达或取消。`, remedy: '' }
      const again = atLeast(resent, resentIsCapped)
      if (left === 0 && !leftIsCapped)
        return { sentence: `${prefix}已全部重发，${again} 个尚未送达。`, remedy: RETRIED_ZH }
      const scheduled = resent > 0 ? `，另有 ${again} 个已重发` : ''
      const number = left === undefined ? `共 ${count} 个` : `仍有 ${atLeast(left, leftIsCapped)} 个未送达${scheduled}`
      return {
        sentence: `${prefix}${number}，最近一个发往 ${host}（${showError(error, 'zh')}）。`,
        remedy: `合作方尚不知道这些结果，请告知合作方。待接收端恢复后，重新投递这些回调，或由合作方自行重发（POST /v1/resend）。`,
        commands: [`用 "idface-notifier resend --partner ${whose.partnerId} --since 7d" 重新投递。`],
      }
    },
  },
}
