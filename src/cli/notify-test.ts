import { sendTestNotice } from '../app/open-operator.ts'
import { channelRemedy } from '../core/operator-texts/describe.ts'
import { defineCommand } from './command.ts'
import { fail, refuse } from './ending.ts'
import { loadConfig } from './environment.ts'

export const commands = [
  defineCommand({
    path: 'notify-test',
    words: {
      en: 'send a test to OPERATOR_URL; print what the robot answered, and what to do',
      zh: '向 OPERATOR_URL 发送一条测试消息；输出机器人的响应及处理方法',
    },
    /** Sends without the outbox, so it needs no database and does not affect a running service. */
    run: async ({ json, say, lang }) => {
      const sent = await sendTestNotice(loadConfig('database').operator)
      if (!sent)
        return refuse({
          en: 'OPERATOR_URL is not set, so operators are not notified; set it to the webhook address of a robot',
          zh: '未设置 OPERATOR_URL，运维通知无处可发；请设为群机器人的 webhook 地址',
        })
      const { channel, answer } = sent
      if (answer.kind === 'told') {
        const text = say({
          en: `Sent: ${channel} accepted the test. Check that it has arrived in the chat.`,
          zh: `已发送：${channel} 已接收测试消息。请在群聊中确认。`,
        })
        return { data: { channel, sent: true }, text }
      }
      const { code, detail } = answer
      const problem = answer.kind === 'refused' ? answer.problem : 'later'
      const answered = detail === '' ? code : `${code} (${detail})`
      if (!json)
        return fail({
          en: `Not sent: ${channel} answered ${answered}.\nWhat to do: ${channelRemedy(problem, 'en')}`,
          zh: `未发送：${channel} 返回 ${answered}。\n处理方法：${channelRemedy(problem, 'zh')}`,
        })
      process.exitCode = 1
      const advice = channelRemedy(problem, lang)
      return { data: { channel, sent: false, problem, error: code, answer: detail, advice }, text: advice }
    },
  }),
]
