import type { Words } from '../../core/language.ts'
import { LONGEST_NAME } from '../../core/line.ts'
import { OVERLAP_RULE, readOverlap } from '../../store/signing-secret.ts'
import { defineCommand, type Reading, type Section } from '../frame/command.ts'
import { argument, choiceOption, lineOf, option, partnerArgument, withDefault } from '../frame/options.ts'

const MOST = 1_000_000_000

/** `none`: no limit. */
const readLimit = (text: string): Reading<number | 'none'> => {
  if (text === 'none') return { ok: true, value: text }
  const value = Number(text)
  return /^\d+$/.test(text) && value <= MOST
    ? { ok: true, value }
    : {
        ok: false,
        must: {
          en: `must be a whole number from 0 to ${MOST}, or none for no limit`,
          zh: `须为 0 到 ${MOST} 的整数，或以 none 表示不限`,
        },
      }
}

const readOverlapOption = (text: string): Reading<number> => {
  const value = readOverlap(text)
  return value === null ? { ok: false, must: OVERLAP_RULE } : { ok: true, value }
}

export const PARTNER_GROUPS: Readonly<Record<string, Words>> = {
  partner: { en: 'create, list, change, disable and enable partners', zh: '新建、列出、修改、停用、启用合作方' },
  key: { en: "create, list and revoke a partner's API keys", zh: '新建、列出、吊销合作方的 API 密钥' },
  secret: { en: "list, rotate and end a partner's signing secrets", zh: '列出、更换、停用合作方的签名密钥' },
}

export const PARTNERS: Section = {
  title: { en: 'Partners:', zh: '合作方：' },
  commands: [
    defineCommand({
      path: 'partner create',
      words: {
        en: 'create a partner; its API key and signing secret are shown this once. Partners that do not trust each other need accounts of their own (account create --partner)',
        zh: '新建合作方；API 密钥与签名密钥仅显示这一次。互不信任的合作方须各用自己的账户（account create --partner）',
      },
      args: {
        name: argument('NAME', { en: 'what you call it', zh: '合作方名称' }, lineOf(LONGEST_NAME)),
      },
      changes: true,
      printsData: true,
      example: 'partner create "Spruce Ltd"',
      load: async () => (await import('../partner.ts')).createPartner,
    }),
    defineCommand({
      path: 'partner list',
      words: { en: 'list the partners, oldest first', zh: '列出合作方，最早的在前' },
      printsData: true,
      example: 'partner list',
      load: async () => (await import('../partner.ts')).listPartners,
    }),
    defineCommand({
      path: 'partner set',
      words: { en: 'change what is named of a partner; the rest stays', zh: '修改合作方的指定项，其余不变' },
      args: { partner: partnerArgument() },
      options: {
        name: option('NAME', { en: 'what you call it', zh: '合作方名称' }, lineOf(LONGEST_NAME)),
        payload: choiceOption(
          'PAYLOAD',
          { en: 'thin webhooks leave out the scores and the message', zh: 'thin 的回调不含分数与说明' },
          ['full', 'thin'],
        ),
        maxPending: option(
          'NUMBER',
          { en: 'registrations that may wait for their verdict', zh: '同时等待结果的登记上限' },
          readLimit,
        ),
        maxHosts: option('NUMBER', { en: 'different callback hosts', zh: '回调主机的数量上限' }, readLimit),
        daily: option('NUMBER', { en: 'new registrations in 24 hours', zh: '24 小时内新登记的上限' }, readLimit),
      },
      changes: true,
      printsData: true,
      example: 'partner set partner_01K9Z3N5T8V2X4B6D7F9G1H3J5 --payload thin --max-pending 10000 --daily none',
      load: async () => (await import('../partner-set.ts')).setPartner,
    }),
    defineCommand({
      path: 'partner disable',
      words: {
        en: 'its keys stop working, and nothing is polled or sent for it; nothing is lost',
        zh: '停用合作方：密钥失效，不再为其查询或投递；数据不会丢失',
      },
      args: { partner: partnerArgument() },
      changes: true,
      printsData: true,
      example: 'partner disable partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../partner.ts')).disablePartner,
    }),
    defineCommand({
      path: 'partner enable',
      words: { en: 'its polls and webhooks go on where they stopped', zh: '启用合作方，恢复查询与投递' },
      args: { partner: partnerArgument() },
      changes: true,
      printsData: true,
      example: 'partner enable partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../partner.ts')).enablePartner,
    }),
    defineCommand({
      path: 'key create',
      words: { en: 'create a further API key; it is shown this once', zh: '为合作方新增 API 密钥；仅显示这一次' },
      args: { partner: partnerArgument() },
      changes: true,
      printsData: true,
      example: 'key create partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../key.ts')).createKey,
    }),
    defineCommand({
      path: 'key list',
      words: { en: "list a partner's API keys", zh: '列出合作方的 API 密钥' },
      args: { partner: partnerArgument() },
      printsData: true,
      example: 'key list partner_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../key.ts')).listKeys,
    }),
    defineCommand({
      path: 'key revoke',
      words: { en: 'revoke an API key; it stops within two seconds', zh: '吊销 API 密钥；两秒内失效' },
      args: { keyId: argument('KEY_ID', { en: 'its id, which "key list" shows', zh: '密钥 id，见 "key list"' }) },
      changes: true,
      printsData: true,
      example: 'key revoke key_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../key.ts')).revokeKey,
    }),
    defineCommand({
      path: 'secret list',
      words: {
        en: 'list what signs the webhooks of a partner, the newest first',
        zh: '列出合作方的有效签名密钥，最新的在前',
      },
      args: { partner: partnerArgument() },
      printsData: true,
      example: 'secret list "Spruce Ltd"',
      load: async () => (await import('../secret.ts')).listSecrets,
    }),
    defineCommand({
      path: 'secret rotate',
      words: {
        en: 'create a signing secret, which is shown this once; the present ones go on for a while',
        zh: '更换签名密钥；新密钥仅显示这一次，现有密钥继续有效一段时间',
      },
      args: { partner: partnerArgument() },
      options: {
        overlap: option(
          'DURATION',
          { en: 'how long the present ones sign on; 24h, if it is not given', zh: '现有密钥继续有效的时长；默认 24h' },
          readOverlapOption,
        ),
        type: withDefault(
          choiceOption('TYPE', { en: 'v1 is HMAC-SHA256, v1a ed25519', zh: 'v1 为 HMAC-SHA256，v1a 为 ed25519' }, [
            'v1',
            'v1a',
          ]),
          'v1',
        ),
      },
      changes: true,
      printsData: true,
      example: 'secret rotate "Spruce Ltd" --overlap 48h',
      load: async () => (await import('../secret.ts')).rotateSecret,
    }),
    defineCommand({
      path: 'secret end',
      words: { en: 'end an earlier signing secret before its time', zh: '提前停用旧的签名密钥' },
      args: {
        partner: partnerArgument(),
        id: argument('SECRET_ID', { en: 'its id, which "secret list" shows', zh: '密钥 id，见 "secret list"' }),
      },
      changes: true,
      printsData: true,
      example: 'secret end "Spruce Ltd" secret_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../secret.ts')).endSecret,
    }),
  ],
}
