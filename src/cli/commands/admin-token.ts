import type { Words } from '../../core/language.ts'
import { LONGEST_NAME } from '../../core/line.ts'
import { ROLES } from '../../core/role.ts'
import { defineCommand, type Section } from '../frame/command.ts'
import { argument, choiceOption, lineOf, option, readDurationOption, required } from '../frame/options.ts'

export const TOKEN_GROUPS: Readonly<Record<string, Words>> = {
  'admin-token': {
    en: 'create, list and revoke tokens of operators for /v1/admin',
    zh: '新建、列出、吊销运维人员访问 /v1/admin 的令牌',
  },
}

export const TOKENS: Section = {
  title: { en: 'Operators:', zh: '运维人员：' },
  commands: [
    defineCommand({
      path: 'admin-token create',
      words: {
        en: 'create a token for an operator, which is shown this once; read looks, operate also pauses, resends and the like, admin also creates partners, keys and accounts',
        zh: '为运维人员新建令牌，仅显示这一次；read 只能查看，operate 还可暂停、重发等，admin 还可新建合作方、密钥与账户',
      },
      args: { name: argument('NAME', { en: 'whose it is', zh: '持有者' }, lineOf(LONGEST_NAME)) },
      options: {
        role: required(choiceOption('ROLE', { en: 'what it may do', zh: '权限' }, ROLES)),
        expires: option(
          'DURATION',
          { en: 'when it ends by itself, such as 90d', zh: '多久后自动失效，例如 90d' },
          readDurationOption,
        ),
      },
      changes: true,
      printsData: true,
      example: 'admin-token create "Zoë" --role operate --expires 90d',
      load: async () => (await import('../admin-token.ts')).createToken,
    }),
    defineCommand({
      path: 'admin-token list',
      words: { en: 'list the tokens, oldest first', zh: '列出令牌，最早的在前' },
      printsData: true,
      example: 'admin-token list',
      load: async () => (await import('../admin-token.ts')).listTokens,
    }),
    defineCommand({
      path: 'admin-token revoke',
      words: { en: 'revoke a token; it stops within two seconds', zh: '吊销令牌；两秒内失效' },
      args: {
        id: argument('TOKEN_ID', {
          en: 'its id, which "admin-token list" shows',
          zh: '令牌 id，见 "admin-token list"',
        }),
      },
      changes: true,
      printsData: true,
      example: 'admin-token revoke token_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../admin-token.ts')).revokeToken,
    }),
  ],
}
