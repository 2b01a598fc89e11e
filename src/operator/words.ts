import type { Language } from '../core/language.ts'
import { isGoodNews, type OperatorCondition, type OperatorDetails, type OperatorEvent } from '../core/operator-event.ts'
import { showSpan } from '../core/show-sizes.ts'
import { SHOW_TIME } from '../core/show-time.ts'
import type { Trouble } from '../core/trouble.ts'
import { describeTrouble, showPartner } from '../core/trouble-texts.ts'

interface EventWords {
  headline: string
  sentence: string
  remedy: string
}

type Described = Pick<EventWords, 'sentence' | 'remedy'>
/** What is not a trouble of `stats()`, whose words are those of `status`. */
type Own = {
  [Condition in OperatorCondition as OperatorDetails[Condition] extends Trouble ? never : Condition]: (
    details: OperatorDetails[Condition],
    count: number,
  ) => Described
}

interface NoticeWords {
  test: EventWords
  toDo: string
  page: (anchor: string) => string
  several: (count: number) => string
  more: (count: number, types: string) => string
}

interface OperatorWords extends NoticeWords {
  event: (event: OperatorEvent, at: number) => EventWords
}

interface Texts extends NoticeWords {
  titles: Record<OperatorCondition, { firing: string; resolved: string }>
  own: Own
  firing: string
  resolved: string
  over: string
  times: (count: number) => string
  lasted: (since: string, until: string, span: string) => string
  notProven: string
}

const resendOf = ({ partnerId }: { partnerId: string }): string =>
  `idface-notifier resend --partner ${partnerId} --since 24h`

const en: Texts = {
  firing: 'ALERT',
  resolved: 'RESOLVED',
  over: 'NO LONGER SO',
  titles: {
    'account.paused': { firing: 'an upstream account is paused', resolved: 'an upstream account is in use again' },
    'upstream.unreachable': { firing: 'GetResult cannot be reached', resolved: 'GetResult answers again' },
    'upstream.unknown_status': { firing: 'GetResult answers an unknown status', resolved: '' },
    'backlog.growing': { firing: 'polls or webhooks are late', resolved: 'nothing is late any more' },
    'callback.failing': { firing: 'a callback URL fails', resolved: 'no callback URL of a host only fails any more' },
    'callback.disabled': {
      firing: 'a callback URL is disabled',
      resolved: 'no callback URL of a host is disabled any more',
    },
    'message.exhausted': { firing: 'webhooks are given up', resolved: '' },
    'node.lost': { firing: 'a node is lost', resolved: 'a node is back, replaced or forgotten' },
    'node.differs': { firing: 'a node differs from the others', resolved: 'a node is like the others again' },
    'clock.wrong': { firing: 'a clock is wrong', resolved: 'the clock is right again' },
    'backup.failed': { firing: 'a backup has failed', resolved: 'a backup has been made' },
    'disk.low': { firing: 'the disk is nearly full', resolved: 'the disk has room again' },
    'store.failing': { firing: 'the database cannot be written', resolved: 'the database can be written again' },
  },
  own: {
    'upstream.unknown_status': ({ account, status }) => ({
      sentence: `GetResult answered the status ${status} for account ${account}, which is in no table. Polling goes on.`,
      remedy: 'Ask the vendor what it means; if it is a verdict, the service has to learn it.',
    }),
    'callback.failing': ({ host, since, error, ...whose }) => ({
      sentence: `Webhooks of partner ${showPartner(whose)} to a URL at ${host} have only failed since ${SHOW_TIME.en(since)} (${error}). They are tried on.`,
      remedy:
        'Tell the partner, who sees the errors at GET /v1/registrations/{id}/attempts. "idface-notifier callback list" shows the URL.',
    }),
    'callback.disabled': ({ host, since, error, erasedFrom, ...whose }) => ({
      sentence: `A callback URL of partner ${showPartner(whose)} at ${host} is disabled: it has only failed since ${SHOW_TIME.en(since)} (${error}). Its webhooks are held${erasedFrom === undefined ? ' until RETENTION erases them' : `, the oldest until about ${SHOW_TIME.en(erasedFrom)}: then RETENTION erases them`}, one after the other.`,
      remedy:
        'Tell the partner: a registration of the URL, or a test that succeeds, enables it again. "idface-notifier callback list" shows the URL; "idface-notifier callback enable" is for you.',
    }),
    'message.exhausted': ({ host, error, ...whose }, count) => ({
      sentence: `${count === 1 ? 'A webhook' : `${count} webhooks`} of partner ${showPartner(whose)} could not be delivered and ${count === 1 ? 'is' : 'are'} not tried again, the last one to ${host}${error === undefined ? '' : ` (${error})`}.`,
      remedy: `Tell the partner, who has not been told of these results. When the receiver works again, run "${resendOf(whose)}", or let the partner do so (POST /v1/resend).`,
    }),
  },
  times: count => ` (${count} times)`,
  lasted: (since, until, span) => `It lasted from ${since} to ${until}, ${span}.`,
  notProven: ' That does not mean that it works: "idface-notifier status" says how it is now.',
  test: {
    headline: 'TEST: this channel works',
    sentence: 'This is a test by notify-test. Nothing is wrong.',
    remedy: '',
  },
  toDo: 'What to do: ',
  page: anchor => `More: “${anchor}” in the page Operations (operations.md)`,
  several: count => `${count} events`,
  more: (count, types) => `and ${count} more: ${types}`,
}

const zh: Texts = {
  firing: '告警',
  resolved: '恢复',
  over: '已解除',
  titles: {
    'account.paused': { firing: '上游账户已暂停', resolved: '上游账户已恢复使用' },
    'upstream.unreachable': { firing: '无法连接上游', resolved: '上游已恢复响应' },
    'upstream.unknown_status': { firing: '上游返回未知状态', resolved: '' },
    'backlog.growing': { firing: '查询或回调延迟', resolved: '已无延迟' },
    'callback.failing': { firing: '回调地址持续失败', resolved: '该主机已无持续失败的回调地址' },
    'callback.disabled': { firing: '回调地址已停用', resolved: '该主机已无停用的回调地址' },
    'message.exhausted': { firing: '回调最终未能送达', resolved: '' },
    'node.lost': { firing: '节点失联', resolved: '节点已恢复、已被接替或不再提示' },
    'node.differs': { firing: '节点不一致', resolved: '节点已一致' },
    'clock.wrong': { firing: '时钟不准', resolved: '时钟已校准' },
    'backup.failed': { firing: '备份失败', resolved: '备份已成功' },
    'disk.low': { firing: '磁盘空间不足', resolved: '磁盘空间已恢复' },
    'store.failing': { firing: '数据库无法写入', resolved: '数据库已可写入' },
  },
  own: {
    'upstream.unknown_status': ({ account, status }) => ({
      sentence: `上游对账户 ${account} 返回了文档中未列出的状态 ${status}，系统会继续查询。`,
      remedy: '请向上游确认其含义；若它表示最终结果，需要升级本服务以识别它。',
    }),
    'callback.failing': ({ host, since, error, ...whose }) => ({
      sentence: `合作方 ${showPartner(whose)} 发往 ${host} 某地址的回调自${SHOW_TIME.zh(since)} 起全部失败（${error}），系统会继续重试。`,
      remedy:
        '请告知合作方；合作方可通过 GET /v1/registrations/{id}/attempts 查看错误。用 "idface-notifier callback list" 查看具体地址。',
    }),
    'callback.disabled': ({ host, since, error, erasedFrom, ...whose }) => ({
      sentence: `合作方 ${showPartner(whose)} 在 ${host} 的某回调地址自${SHOW_TIME.zh(since)} 起全部失败（${error}），已停用；其回调暂不投递${erasedFrom === undefined ? '' : `，最早的保留至${SHOW_TIME.zh(erasedFrom)} 左右`}，之后按 RETENTION 陆续删除。`,
      remedy:
        '请告知合作方：用该地址重新登记，或测试回调成功，即可重新启用。用 "idface-notifier callback list" 查看具体地址；您也可以用 "idface-notifier callback enable" 启用。',
    }),
    'message.exhausted': ({ host, error, ...whose }, count) => ({
      sentence: `合作方 ${showPartner(whose)} 有 ${count} 个回调未能送达，不再重试；最近一个发往 ${host}${error === undefined ? '' : `（${error}）`}。`,
      remedy: `合作方尚不知道这些结果，请告知合作方。待接收端恢复后，运行 "${resendOf(whose)}"，或由合作方自行重发（POST /v1/resend）。`,
    }),
  },
  times: count => `（${count} 次）`,
  lasted: (since, until, span) => `自${since} 至${until}，持续 ${span}。`,
  notProven: '告警解除不代表已恢复正常，当前状况请运行 "idface-notifier status" 查看。',
  test: { headline: '测试：通知渠道正常', sentence: '这是 notify-test 发出的测试消息，系统没有异常。', remedy: '' },
  toDo: '处理方法：',
  page: anchor => `详见运维手册（operations.zh-CN.md）中的“${anchor}”`,
  several: count => `${count} 个事件`,
  more: (count, types) => `另有 ${count} 个：${types}`,
}

const describe = (
  { own }: Texts,
  { condition, details, count }: OperatorEvent,
  language: Language,
  at: number,
): Described => {
  if ('code' in details) return describeTrouble(details, language, at)
  const words = own[condition as keyof Own] as (details: OperatorEvent['details'], count: number) => Described
  return words(details, count)
}

/** What has come, or is over, in English. */
export const logSentence = (event: Pick<OperatorEvent, 'condition' | 'details' | 'state'>, at: number): string => {
  const { condition, details, state } = event
  if (state === 'firing' && 'code' in details) return describeTrouble(details, 'en', at).sentence
  return en.titles[condition][state]
}

const wordsOf = (texts: Texts, language: Language): OperatorWords => ({
  ...texts,
  event: (event, at) => {
    const { state, since, count } = event
    const times = count > 1 ? texts.times(count) : ''
    const isProven = state === 'firing' || isGoodNews({ type: event.condition, state })
    const headline = `${isProven ? texts[state] : texts.over}: ${texts.titles[event.condition][state]}${times}`
    if (state === 'firing') return { headline, ...describe(texts, event, language, at) }
    const showTime = SHOW_TIME[language]
    const span = showSpan(Math.max(0, event.at - since), language)
    const lasted = texts.lasted(showTime(since), showTime(event.at), span)
    return { headline, sentence: isProven ? lasted : lasted + texts.notProven, remedy: '' }
  },
})

export const WORDS: Readonly<Record<Language, OperatorWords>> = { en: wordsOf(en, 'en'), zh: wordsOf(zh, 'zh') }
