import { tellTest } from '../app/open-operator.ts'
import { channelRemedy } from '../core/operator-texts/describe.ts'
import { fail, loadConfig, print, refuse } from './environment.ts'
import type { Common } from './frame/command.ts'

const TEXTS = {
  en: {
    unset: 'OPERATOR_URL is not set, so operators are told nowhere; set it to the webhook address of a robot',
    told: (channel: string) => `Sent: ${channel} has taken the test. Look whether it is in the chat.`,
    answer: (code: string, said: string) => `${code} (${said})`,
    not: (channel: string, answer: string, advice: string) =>
      `Not sent: ${channel} answered ${answer}.\nWhat to do: ${advice}`,
  },
  zh: {
    unset: '未设置 OPERATOR_URL，运维通知无处可发；请设为群机器人的 webhook 地址',
    told: (channel: string) => `已发送：${channel} 已接收测试消息。请在群聊中确认。`,
    answer: (code: string, said: string) => `${code}（${said}）`,
    not: (channel: string, answer: string, advice: string) =>
      `未发送：${channel} 返回 ${answer}。\n处理方法：${advice}`,
  },
} as const

/** Sends one message to the operator's channel, past the outbox: it needs no database, and disturbs no service. */
export const notifyTest = async ({ json, lang }: Common): Promise<void> => {
  const texts = TEXTS[lang]
  const sent = await tellTest(loadConfig('database', lang).operator)
  if (!sent) return refuse(texts.unset)
  const { channel, answer } = sent
  if (answer.kind === 'told') return print(json ? JSON.stringify({ channel, sent: true }) : texts.told(channel))
  const { code, said } = answer
  const problem = answer.kind === 'refused' ? answer.problem : 'later'
  const advice = channelRemedy(problem, lang)
  if (json) print(JSON.stringify({ channel, sent: false, problem, error: code, answer: said, advice }))
  fail(texts.not(channel, said === '' ? code : texts.answer(code, said), advice))
}
