import type { Language } from '../../core/language.ts'

const en = {
  description: "Asks ihuyi's idface GetResult until there is a verdict, then POSTs a signed webhook.",
  titles: { 'Global Options:': 'Of every command:' } as Readonly<Record<string, string>>,
  example: 'Example:',
  lang: 'language, zh or en; the default goes by LC_ALL and LANG',
  json: 'print JSON, for programs',
  help: 'this help',
  helpCommand: 'help for a command',
  version: 'print the version',
  fallback: (value: string) => ` (default: ${value})`,
  settings: (call: string) => `Settings come from the environment, or from a file .env in the current folder.
All of them: ${call} settings`,
  seeHelp: (command: string) => `How it is used: ${command} --help`,
  command: 'COMMAND',
  options: '[options]',
  choices: (values: readonly string[]) => ` (${values.join(', ')})`,
}

const zh: typeof en = {
  description: '持续查询互亿无线人脸核验 GetResult 直至得到结果，再以带签名的回调通知合作方。',
  titles: {
    'Usage:': '用法：',
    'Arguments:': '参数：',
    'Options:': '选项：',
    'Global Options:': '通用选项：',
    'Commands:': '命令：',
  },
  example: '示例：',
  lang: '语言，zh 或 en；默认取自 LC_ALL 与 LANG',
  json: '输出 JSON，供程序读取',
  help: '显示本帮助',
  helpCommand: '显示某个命令的帮助',
  version: '显示版本号',
  fallback: value => `（默认：${value}）`,
  settings: call => `配置项取自环境变量，或当前文件夹中的 .env 文件。
查看全部配置项：${call} settings`,
  seeHelp: command => `用法见：${command} --help`,
  command: '命令',
  options: '[选项]',
  choices: values => `（${values.join('、')}）`,
}

export const HELP_TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }
