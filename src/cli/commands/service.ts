import { defineCommand, type Section } from '../frame/command.ts'
import { choiceArgument, flag, numberOption, textOption, withDefault } from '../frame/options.ts'

const MOST_PORTS = { min: 0, max: 65_535 }

export const SERVICE: Section = {
  title: { en: 'Run:', zh: '运行：' },
  commands: [
    defineCommand({
      path: 'serve',
      words: {
        en: 'run the API, the poller and the deliverer in this process',
        zh: '在本进程中运行接口、查询与投递',
      },
      options: {
        hold: flag({
          en: 'send no webhook until "deliveries resume"; all else goes on',
          zh: '暂不投递任何回调，直到 "deliveries resume"；其余照常',
        }),
      },
      example: 'serve',
      load: async () => (await import('../serve.ts')).serve,
    }),
    defineCommand({
      path: 'settings',
      words: { en: 'list the settings with their defaults, not what is set', zh: '列出配置项及其默认值（非当前值）' },
      printsData: true,
      example: 'settings',
      load: async () => (await import('../settings.ts')).listSettings,
    }),
    defineCommand({
      path: 'demo',
      words: {
        en: 'see it work: simulator, service and receiver in one process, in under 30 seconds',
        zh: '30 秒演示：模拟器、服务与接收端在同一进程中运行',
      },
      options: { keep: flag({ en: 'leave it running afterwards', zh: '演示结束后保持运行' }) },
      example: 'demo',
      load: async () => (await import('../demo/demo.ts')).demo,
    }),
    defineCommand({
      path: 'simulate',
      words: { en: 'run the simulator of GetResult alone', zh: '单独运行 GetResult 模拟器' },
      options: {
        host: withDefault(textOption('HOST', { en: 'address to listen on', zh: '监听地址' }), '127.0.0.1'),
        port: withDefault(
          numberOption({ en: 'port; 0 takes a free one', zh: '端口；0 表示任取一个空闲端口' }, MOST_PORTS),
          8090,
        ),
        account: withDefault(textOption('APIID', { en: 'APIID that it accepts', zh: '接受的 APIID' }), 'simulator'),
        apiKey: withDefault(
          textOption('APIKEY', { en: 'APIKEY that it accepts', zh: '接受的 APIKEY' }),
          'simulator-key',
        ),
      },
      printsData: true,
      example: 'simulate --port 8091',
      load: async () => (await import('../simulate.ts')).simulate,
    }),
    defineCommand({
      path: 'completion',
      words: {
        en: 'print the script by which the Tab key completes commands',
        zh: '输出 Tab 补全脚本',
      },
      args: { shell: choiceArgument('SHELL', { en: 'the shell', zh: '所用的 shell' }, ['bash', 'zsh', 'fish']) },
      example: 'completion bash >> ~/.bash_completion',
      load: async () => (await import('../completion.ts')).printCompletion,
    }),
  ],
}
