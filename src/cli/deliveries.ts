import { defineCommand } from './command.ts'
import { formatTime } from './output.ts'
import { programCommand } from './program.ts'

export const group = { en: 'hold and resume the sending of webhooks', zh: '暂停与恢复投递回调' }

export const commands = [
  defineCommand({
    path: 'deliveries hold',
    words: {
      en: 'send no webhook until they are resumed, also after a restart; nothing is lost',
      zh: '暂停投递回调直到恢复，重启后仍有效；回调不会丢失',
    },
    changes: true,
    onStore: async (store, { say, lang, call }) => {
      const { heldSince } = await call('POST /v1/admin/deliveries/hold')
      const since = formatTime(heldSince === null ? store.now() : Date.parse(heldSince), lang)
      const resume = `${programCommand()} deliveries resume`
      const text = say({
        en: `Webhooks are held since ${since}: polling goes on, but no webhook is sent until you run: ${resume}`,
        zh: `自${since} 起暂停投递回调：仍会查询 GetResult，但不投递，直到运行：${resume}`,
      })
      return { data: { heldSince }, text }
    },
  }),
  defineCommand({
    path: 'deliveries resume',
    words: { en: 'send again, what has waited first', zh: '恢复投递，等待最久的优先' },
    changes: true,
    onStore: async (_store, { say, call }) => {
      const data = await call('POST /v1/admin/deliveries/resume')
      return { data, text: say({ en: 'Webhooks are delivered.', zh: '回调正常投递。' }) }
    },
  }),
]
