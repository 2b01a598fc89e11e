import { CHECK_NAMES } from '../doctor/names.ts'
import { defineCommand, type Section } from '../frame/command.ts'
import { choiceOption, flag } from '../frame/options.ts'

export const LOOK: Section = {
  title: { en: 'Look:', zh: '查看：' },
  commands: [
    defineCommand({
      path: 'status',
      words: {
        en: 'what is wrong and what to do, and what waits since when',
        zh: '查看运行状况：异常与处理建议、积压',
      },
      options: { watch: flag({ en: 'again every 2 s, until Ctrl+C', zh: '每 2 秒刷新，直到 Ctrl+C' }) },
      printsData: true,
      example: 'status --watch',
      load: async () => (await import('../status.ts')).status,
    }),
    defineCommand({
      path: 'doctor',
      words: {
        en: 'look for what is wrong, and say what to do; changes nothing, and works beside the service',
        zh: '检查异常并给出处理办法；不改动任何内容，可在服务运行时执行',
      },
      options: {
        offline: flag({
          en: 'speak with nobody: no DNS, no GetResult, no proxy',
          zh: '不访问外部：不查 DNS、GetResult 与代理',
        }),
        deep: flag({
          en: 'look through the database and the last backup whole, some 10 s a gigabyte, and send a test to OPERATOR_URL',
          zh: '完整检查数据库与最近的备份（每 GB 约 10 秒），并向 OPERATOR_URL 试发一条',
        }),
        only: choiceOption('NAME', { en: 'make this check alone', zh: '只做这一项检查' }, CHECK_NAMES),
      },
      printsData: true,
      example: 'doctor --offline',
      load: async () => (await import('../doctor/doctor.ts')).doctor,
    }),
    defineCommand({
      path: 'notify-test',
      words: {
        en: 'send a test to OPERATOR_URL; print what the robot answered, and what to do',
        zh: '向 OPERATOR_URL 发送一条测试消息；输出机器人的响应及处理方法',
      },
      printsData: true,
      example: 'notify-test',
      load: async () => (await import('../notify-test.ts')).notifyTest,
    }),
  ],
}
